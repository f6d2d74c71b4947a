/** Errors that arise before there is a route, or a request: they are problems too. */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { problem, ProblemError } from '#contract/problem';

const BY_CODE: Readonly<Record<string, [status: number, code: string, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'headers_too_large', 'The request headers are too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'request_timeout', 'The request did not arrive in time.'],
};

/** For Node's `clientError`: bytes that are not HTTP. */
export function answerUnreadableRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  // The peer has gone: there is nobody to answer.
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [status, code, detail] = BY_CODE[error.code ?? ''] ?? [400, 'invalid_http', 'The request is not valid HTTP.'];
  const content = problem(status, code, detail);
  const body = JSON.stringify({ ...content, request_id: randomUUID() });
  socket.end(
    `HTTP/1.1 ${status} ${content.title}\r\n` +
      'Content-Type: application/problem+json\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\n` +
      'Connection: close\r\n\r\n' +
      body,
  );
}

/** For a server that is made with `requireHostHeader: false`: Node would answer these itself, without a body. */
export function refuseUnmeetable(server: FastifyInstance): void {
  server.server.on('checkExpectation', (request, response) => server.routing(request, response));
  server.addHook('onRequest', (request, _, done) => done(whyUnmeetable(request.raw)));
}

/** Rules of HTTP/1.1 (RFC 9110, 7.2 and 10.1.1); an older request needs no Host, and its `Expect` is passed over. */
function whyUnmeetable({ httpVersion, headers }: IncomingMessage): ProblemError | undefined {
  if (httpVersion !== '1.1') return undefined;
  if (headers.host === undefined) {
    return new ProblemError(problem(400, 'invalid_http', 'An HTTP/1.1 request needs the header Host.'));
  }
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') {
    return new ProblemError(
      problem(417, 'unknown_expectation', 'The only supported value of the header Expect is 100-continue.'),
    );
  }
  return undefined;
}
