/** Errors that arise before there is a route, or a request: they are problems too. */
import type { Socket } from 'node:net';
import { randomUUID } from 'node:crypto';
import { problem } from '#contract/problem';

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
