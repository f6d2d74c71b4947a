/** Child process of the bench: a receiver of webhooks that answers 204 and says when it has got as many as it should. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveParent } from './child-channel.js';
import { nowMs } from './clock.js';

/** `begin` counts anew; `await` answers when so many different messages have come. */
export type SinkQuestion =
  { readonly kind: 'begin' } | { readonly kind: 'await'; readonly messages: number; readonly withinMs: number };

export interface SinkAnswer {
  readonly port: number;
  /** Milliseconds since the epoch; 0 while there is none. */
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly messages: number;
}

const ids = new Set<string>();
let firstAtMs = 0;
let lastAtMs = 0;
let onMessage: () => void = () => undefined;

const server = createServer((request, response) => {
  request.resume();
  request.once('end', () => {
    response.writeHead(204).end();
    ids.add(String(request.headers['webhook-id']));
    lastAtMs = nowMs();
    if (firstAtMs === 0) firstAtMs = lastAtMs;
    onMessage();
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1');
await once(server, 'listening');

serveParent(async (question: SinkQuestion): Promise<SinkAnswer> => {
  if (question.kind === 'begin') {
    ids.clear();
    firstAtMs = 0;
  } else {
    await untilReceived(question.messages, question.withinMs);
  }
  const { port } = server.address() as AddressInfo;
  return { port, firstAtMs, lastAtMs, messages: ids.size };
});

async function untilReceived(messages: number, withinMs: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const patience = setTimeout(
      () => reject(new Error(`${ids.size} of ${messages} webhooks came within ${withinMs} ms`)),
      withinMs,
    );
    onMessage = () => {
      if (ids.size < messages) return;
      clearTimeout(patience);
      onMessage = () => undefined;
      resolve();
    };
    onMessage();
  });
}
