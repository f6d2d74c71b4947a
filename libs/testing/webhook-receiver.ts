/** A receiver of webhooks: a real HTTP server that keeps what it gets, and answers as it is told. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Body } from './http.js';
import { until } from './patience.js';

export interface ReceivedHook {
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: Body;
  readonly atMs: number;
  readonly path: string;
}

/** Answers 204 unless told otherwise; may answer later. */
export type Answering = (hook: ReceivedHook, response: ServerResponse) => void;

export class WebhookReceiver {
  readonly received: ReceivedHook[] = [];
  answering: Answering = (_, response) => void response.writeHead(204).end();
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const json = JSON.parse(text) as Body;
      const hook = { headers: request.headers, text, json, atMs: Date.now(), path: request.url ?? '' };
      this.received.push(hook);
      this.answering(hook, response);
    });
  });

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  url(path = '/hook'): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  /** Ids of the events that have arrived, each once. */
  get ids(): Set<string> {
    return new Set(this.received.map(({ headers }) => String(headers['webhook-id'])));
  }

  /** The first message of an event, or the one that comes. */
  async hook(id: string, deadlineMs = 60_000): Promise<ReceivedHook> {
    const matches = ({ headers }: ReceivedHook): boolean => headers['webhook-id'] === id;
    return until(() => this.received.find(matches), { deadlineMs, what: `the webhook ${id}` });
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
