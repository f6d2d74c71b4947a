/**
 * Answers that come before their request's body has ended.
 *
 * A short rest is read, and the connection is as good as before. With a long one, or one of unknown length, the connection
 * ends: our half with the answer, so that the sender learns of it, the other half when the rest has been read or the time
 * for that is over. Node would end both at once, and what still arrives would then reset the connection before the sender
 * had read why.
 */
import type { IncomingMessage } from 'node:http';
import { finished } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';

const SHORT_BYTES = 1_048_576;
/** The sender has this long to read its answer. */
const LINGER_MS = 5_000;

/** Bytes that the connection had received before the body of a request. */
export type BytesBefore = number;

export function bytesBefore({ raw }: FastifyRequest): BytesBefore {
  return raw.socket.bytesRead;
}

/**
 * Call it when the answer is about to be sent.
 * @param before where nobody knows it, all that was announced is taken to be left
 */
export function leaveRest({ raw }: FastifyRequest, reply: FastifyReply, before?: BytesBefore): void {
  if (raw.complete || raw.destroyed) return;
  if (reply.statusCode !== 408 && restOf(raw, before) <= SHORT_BYTES) {
    // Fastify ends a connection whose body it has refused. Of a header that nobody set, Node would leave out its own.
    if (reply.hasHeader('connection')) reply.removeHeader('connection');
    reply.raw.once('finish', () => drain(raw, () => undefined));
    return;
  }
  reply.header('connection', 'close');
  const { socket } = raw;
  const close = socket.destroySoon.bind(socket);
  // What Node calls when the last answer of a connection is written.
  socket.destroySoon = () => {
    socket.end();
    drain(raw, close);
  };
}

/** Part of the body may have come with its headers: then it is less. */
function restOf({ headers, socket }: IncomingMessage, before: BytesBefore | undefined): number {
  const length = headers['content-length'];
  const come = before === undefined ? 0 : socket.bytesRead - before;
  return length === undefined ? Infinity : Number(length) - come;
}

function drain(raw: IncomingMessage, then: () => void): void {
  const timer = setTimeout(() => raw.socket.destroy(), LINGER_MS);
  finished(raw, { writable: false }, () => {
    clearTimeout(timer);
    then();
  });
  raw.resume();
}
