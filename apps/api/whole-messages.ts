/**
 * Requests and answers that come and go in one piece, as nearly all of ours do.
 *
 * To Node every body is a stream: it buffers, schedules and announces each part of a request, and before version 24 it
 * writes an answer in two. For messages of a few hundred bytes that is a fifth of what HTTP costs (docs/adr/0012). These
 * are Node's own classes, given to its server by its own options, with that cut short. What comes or goes in parts is a
 * stream as ever.
 */
import { type IncomingHttpHeaders, IncomingMessage, type ServerOptions, ServerResponse } from 'node:http';
import { errorCodes, type FastifyInstance } from 'fastify';
import { problem, ProblemError } from '#contract/problem';
import { formatOf } from '#rows/format';
import { requireWholeCharacters } from './well-formed.js';

/** @param error why it will not come, null with all of it */
export type TakenListener = (error: Error | null, body: Buffer) => void;

const NOTHING = Buffer.alloc(0);

export class WholeRequest extends IncomingMessage {
  /** Who gets the body instead of the stream. */
  #taking: Taking | null = null;

  /**
   * Takes the body past the stream; nobody else may read it then.
   * @param mostBytes it may have
   * @param onTaken called once
   */
  takeBody(mostBytes: number, onTaken: TakenListener): void {
    // It may have begun to come while the caller's key was looked up.
    const early = this.read() as Buffer | null;
    this.#taking = new Taking(mostBytes, onTaken);
    if (early !== null) this.#taking.add(early);
    if (this.complete) this.#taking.end(null);
    else if (this.destroyed) this.#taking.end(goneError());
  }

  /** Called by Node's parser, with null at the end. */
  override push(part: Buffer | null, encoding?: BufferEncoding): boolean {
    if (this.#taking === null) return super.push(part, encoding);
    if (part === null) this.#taking.end(null);
    else this.#taking.add(part);
    // The rest is a stream again, for who wants to see its end.
    if (this.#taking.isTooMuch) this.#taking = null;
    return true;
  }

  /** Whether nothing is left to read, past the stream or through it. */
  get isRead(): boolean {
    return this.#taking === null ? Reflect.get(IncomingMessage.prototype, 'readableEnded', this) : this.complete;
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#taking?.end(goneError());
    super._destroy(error, callback);
  }
}

// Node asks for it before it lets go of a request. To TypeScript it is a field, which a class cannot override by an accessor.
Object.defineProperty(WholeRequest.prototype, 'readableEnded', {
  get(this: WholeRequest) {
    return this.isRead;
  },
});

class Taking {
  /** More came than may be taken. */
  isTooMuch = false;
  #parts: Buffer[] = [];
  #length = 0;
  #isOver = false;

  constructor(
    private readonly mostBytes: number,
    private readonly onTaken: TakenListener,
  ) {}

  add(part: Buffer): void {
    if (this.#isOver) return;
    this.#length += part.length;
    this.isTooMuch = this.#length > this.mostBytes;
    if (this.isTooMuch) this.end(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE());
    else this.#parts.push(part);
  }

  end(error: Error | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const [only = NOTHING, ...others] = this.#parts;
    this.#parts = [];
    this.onTaken(error, others.length === 0 ? only : Buffer.concat([only, ...others]));
  }
}

function goneError(): Error {
  return Object.assign(new Error('The caller hung up before the body was complete.'), { statusCode: 400 });
}

/** Not promised by Node, and in all its versions from 0.4 to 22. */
interface Unpromised {
  finished: boolean;
  /** Writes text, and the headers before it where they have not gone. */
  readonly _send: (text: string, encoding: BufferEncoding, callback: (error?: Error | null) => void) => boolean;
  readonly _finish: () => void;
}

class WholeAnswer<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  override end(...given: unknown[]): this {
    const [text] = given;
    if (typeof text !== 'string' || text === '' || given.some(isOption) || !this.#isLastPiece()) {
      return super.end(...(given as []));
    }
    const answer = this as unknown as Unpromised;
    answer.finished = true;
    answer._send(text, 'utf8', (error) => {
      if (!(error instanceof Error)) this.emit('finish');
    });
    answer._finish();
    return this;
  }

  /** Whether text is all that is left to write, on a connection where nobody is before it. */
  #isLastPiece(): boolean {
    const { req, socket, statusCode } = this;
    if (!this.headersSent || this.writableEnded || this.chunkedEncoding || socket?.writable !== true) return false;
    return req.method !== 'HEAD' && statusCode !== 204 && statusCode !== 304;
  }
}

/** An encoding or a callback. */
function isOption(given: unknown, place: number): boolean {
  return place > 0 && given !== null && given !== undefined;
}

const NODE = Number(process.versions.node.split('.')[0]);
const { prototype } = ServerResponse as unknown as { readonly prototype: Partial<Unpromised> };
/** Node 24 itself writes such an answer in one piece. A Node without the two methods answers as ever, in two. */
const WRITES_IN_TWO = NODE < 24 && typeof prototype._send === 'function' && typeof prototype._finish === 'function';

/** For Node's server. */
export const WHOLE_MESSAGES: ServerOptions<typeof WholeRequest, typeof WholeAnswer> = {
  IncomingMessage: WholeRequest,
  ...(WRITES_IN_TWO ? { ServerResponse: WholeAnswer } : {}),
};

/** JSON as Fastify parses it, of a body that is taken in one piece. */
export function takeJsonBodies(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeContentTypeParser('application/json');
  server.addContentTypeParser('application/json', (request, payload, done) => {
    const most = request.routeOptions.bodyLimit;
    // What says its length is refused before it has come.
    if (Number(request.headers['content-length']) > most) return done(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE());
    const unreadable = whyUnreadable(request.headers);
    if (unreadable !== null) return done(unreadable);
    (payload as WholeRequest).takeBody(most, (error, body) => {
      if (error !== null) return done(error);
      const text = body.toString();
      try {
        requireWholeCharacters(text);
      } catch (malformed) {
        return done(malformed as Error);
      }
      void parse(request, text, done);
    });
  });
}

/** What is compressed, or written in other characters, would be read as something that nobody sent. */
function whyUnreadable(headers: IncomingHttpHeaders): ProblemError | null {
  const { 'content-type': type, 'content-encoding': encoding } = headers;
  if (type !== 'application/json' && formatOf(type) !== 'json') {
    return new ProblemError(problem(415, 'unsupported_media_type', 'Send the body as application/json, in UTF-8.'));
  }
  if (encoding !== undefined && !/^\s*(identity)?\s*$/i.test(encoding)) {
    return new ProblemError(problem(415, 'unsupported_encoding', 'Send the body without a Content-Encoding.'));
  }
  return null;
}
