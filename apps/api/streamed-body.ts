/**
 * Routes whose body is read while it comes, and the time that every other body may take.
 *
 * Fastify reads a body before its handler runs, by content type, and Node limits the time of every request alike; a
 * batch wants neither. On a streamed route the handler is handed the raw stream and counts for itself.
 */
import type { IncomingMessage } from 'node:http';
import { errorCodes, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { problem, ProblemError } from '#contract/problem';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The handler gets the body as a stream. */
    stream?: boolean;
  }
  interface FastifyRequest {
    /** What the sender of a streamed body said it is. */
    sentAs: string | undefined;
  }
}

const STREAMED = 'application/x-millrace-streamed-body';
/** All of a body that is not streamed. */
const BODY_TIMEOUT_MS = 30_000;
const SWEEP_EVERY_MS = 1_000;
/** An answer that came before its body had ended: the sender has this long to read it. */
const LINGER_MS = 5_000;

type Refuse = (error: unknown, request: FastifyRequest, reply: FastifyReply) => void;

export function streamBodies(server: FastifyInstance, refuse: Refuse): void {
  server.decorateRequest('sentAs', undefined);
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
    const { raw } = request;
    const hasBody = raw.headers['transfer-encoding'] !== undefined || Number(raw.headers['content-length'] ?? 0) > 0;
    if (!hasBody) return done();
    if (request.routeOptions.config.stream !== true) {
      late.expect(request, reply);
      return done();
    }
    request.sentAs = raw.headers['content-type'];
    raw.headers['content-type'] = STREAMED;
    lingerAfter(request, reply);
    done();
  });
  server.addHook('preValidation', (request, _, done) => {
    late.arrived(request);
    done();
  });
}

/** A sender that is still sending would see its connection reset before it could read why. */
function lingerAfter({ raw }: FastifyRequest, reply: FastifyReply): void {
  reply.raw.once('finish', () => {
    if (raw.complete || raw.destroyed) return;
    const { socket } = raw;
    raw.resume();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    raw.once('end', () => clearTimeout(timer));
    socket.once('close', () => clearTimeout(timer));
  });
}

class LateBodies {
  readonly #expected = new Map<FastifyRequest, { readonly reply: FastifyReply; readonly untilMs: number }>();
  readonly #sweep = setInterval(() => this.#refuseLate(), SWEEP_EVERY_MS).unref();

  constructor(private readonly refuse: Refuse) {}

  expect(request: FastifyRequest, reply: FastifyReply): void {
    this.#expected.set(request, { reply, untilMs: Date.now() + BODY_TIMEOUT_MS });
  }

  arrived(request: FastifyRequest): void {
    this.#expected.delete(request);
  }

  stop(): void {
    clearInterval(this.#sweep);
  }

  #refuseLate(): void {
    const now = Date.now();
    for (const [request, { reply, untilMs }] of this.#expected) {
      const { raw } = request;
      const isOver = raw.complete || raw.destroyed;
      if (!isOver && now < untilMs) continue;
      this.#expected.delete(request);
      if (isOver) continue;
      // Refused at the door, and still sending.
      if (reply.sent) raw.socket.destroy();
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

function bodyTimeout(): ProblemError {
  return new ProblemError(problem(408, 'request_timeout', 'The request did not arrive in time.'));
}
