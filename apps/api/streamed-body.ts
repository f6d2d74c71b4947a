/**
 * Routes whose body is read while it comes, and the time that every other body may take.
 *
 * Fastify reads a body before its handler runs, by content type, and Node limits the time of every request alike; a
 * batch wants neither. On a streamed route the handler is handed the raw stream and counts for itself.
 */
import type { IncomingMessage } from 'node:http';
import { errorCodes, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { problem, ProblemError } from '#contract/problem';
import { type BytesBefore, bytesBefore, leaveRest } from './unread-rest.js';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The handler gets the body as a stream. */
    stream?: boolean;
    /** Takes no body: what a client says of the type of none is passed over. */
    bodyless?: boolean;
  }
  interface FastifyRequest {
    /** What the sender of a streamed body said it is. */
    sentAs: string | undefined;
    /** Of a streamed body. */
    bytesBefore: BytesBefore | undefined;
  }
}

const STREAMED = 'application/x-millrace-streamed-body';
/** All of a body that is not streamed. */
const BODY_TIMEOUT_MS = 30_000;
const SWEEP_EVERY_MS = 1_000;

type Refuse = (error: unknown, request: FastifyRequest, reply: FastifyReply) => void;

export function streamBodies(server: FastifyInstance, refuse: Refuse): void {
  server.decorateRequest('sentAs', undefined);
  server.decorateRequest('bytesBefore', undefined);
  server.addContentTypeParser(STREAMED, (request: FastifyRequest, payload: IncomingMessage, done) => {
    if (request.routeOptions.config.stream === true) done(null, payload);
    else done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(STREAMED));
  });
  const late = new LateBodies(refuse);
  server.addHook('onClose', (_, done) => {
    late.stop();
    done();
  });
  server.addHook('onRequest', (request, reply, done) => {
    const { headers } = request.raw;
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
    const { stream, bodyless } = request.routeOptions.config;
    if (stream === true) takeAsStream(request, hasBody);
    else if (bodyless === true && !hasBody) delete headers['content-type'];
    else if (hasBody) late.expect(request, reply);
    done();
  });
  server.addHook('onRoute', (route) => {
    if (route.config?.stream !== true) return;
    route.onSend = (request, reply, _, done) => {
      if (request.bytesBefore !== undefined) leaveRest(request, reply, request.bytesBefore);
      done();
    };
  });
  server.addHook('preValidation', (request, _, done) => {
    late.arrived(request);
    done();
  });
}

/** An empty body of a type is a stream without bytes; without a type there is no body at all. */
function takeAsStream(request: FastifyRequest, hasBody: boolean): void {
  const { headers } = request.raw;
  request.sentAs = headers['content-type'];
  if (!hasBody && request.sentAs === undefined) return;
  headers['content-type'] = STREAMED;
  request.bytesBefore = bytesBefore(request);
}

interface Expected {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

class LateBodies {
  readonly #expected = new Map<FastifyRequest, Expected & { readonly untilMs: number }>();
  /** Of this turn of the event loop: most bodies come with their headers, and are never late. */
  #fresh: Expected[] = [];
  readonly #sweep = setInterval(() => this.#refuseLate(), SWEEP_EVERY_MS).unref();

  constructor(private readonly refuse: Refuse) {}

  expect(request: FastifyRequest, reply: FastifyReply): void {
    if (this.#fresh.length === 0) setImmediate(() => this.#keepIncomplete());
    this.#fresh.push({ request, reply });
  }

  arrived(request: FastifyRequest): void {
    if (this.#expected.size > 0) this.#expected.delete(request);
  }

  stop(): void {
    clearInterval(this.#sweep);
  }

  #keepIncomplete(): void {
    const untilMs = Date.now() + BODY_TIMEOUT_MS;
    for (const expected of this.#fresh) {
      if (!isOver(expected)) this.#expected.set(expected.request, { ...expected, untilMs });
    }
    this.#fresh = [];
  }

  #refuseLate(): void {
    const now = Date.now();
    for (const expected of this.#expected.values()) {
      const { request, reply, untilMs } = expected;
      const over = isOver(expected);
      if (!over && now < untilMs) continue;
      this.#expected.delete(request);
      if (over) continue;
      // Refused at the door, and still sending.
      if (reply.sent) request.raw.socket.destroy();
      else this.#refuse(request, reply);
    }
  }

  #refuse(request: FastifyRequest, reply: FastifyReply): void {
    const { raw } = request;
    reply.header('connection', 'close');
    this.refuse(bodyTimeout(), request, reply);
    reply.raw.once('finish', () => raw.socket.destroySoon());
  }
}

function isOver({ request: { raw } }: Expected): boolean {
  return raw.complete || raw.destroyed;
}

function bodyTimeout(): ProblemError {
  return new ProblemError(problem(408, 'request_timeout', 'The request did not arrive in time.'));
}
