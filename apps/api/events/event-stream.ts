/**
 * Server-sent events (HTML standard, 9.2) of one thing that comes to an end.
 *
 * What is sent follows from where the thing stands, never from what was sent before, so a reader that was cut off says
 * with `Last-Event-ID` how far it was, and goes on at any process.
 */
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';

export interface ServerEvent {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

/** A proxy that hears nothing for so long may close the connection; most wait for a minute. */
export const HEARTBEAT_MS = 15_000;
/** How long a browser waits before it comes again. */
const RETRY_MS = 2_000;

/** @returns the event as it goes over the wire; its data may have lines */
export function encodeEvent({ id, event, data }: ServerEvent): string {
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`);
  return `event: ${event}\nid: ${id}\n${lines.join('')}\n`;
}

/** A comment: readers pass over it. */
const HEARTBEAT = ': heartbeat\n\n';

/**
 * @param batches of events; an empty one is a heartbeat, the end of all is the end of the stream
 * @param onClosed called when nobody reads any more
 */
export async function sendEvents(
  reply: FastifyReply,
  batches: AsyncIterable<readonly ServerEvent[]>,
  onClosed: () => void,
): Promise<void> {
  async function* text(): AsyncGenerator<string, void, undefined> {
    // Sent at once, so that the reader knows that it is connected.
    yield `retry: ${RETRY_MS}\n\n`;
    for await (const events of batches) yield events.length === 0 ? HEARTBEAT : events.map(encodeEvent).join('');
  }
  reply.raw.once('close', onClosed);
  // Proxies that gather answers would hold back what is meant to be heard now.
  reply.header('cache-control', 'private, no-store').header('x-accel-buffering', 'no').type('text/event-stream');
  await reply.send(Readable.from(text(), { objectMode: false, highWaterMark: 1 }));
}

export function lastEventIdOf({ headers }: FastifyRequest): string | null {
  const id = headers['last-event-id'];
  return typeof id === 'string' ? id : null;
}
