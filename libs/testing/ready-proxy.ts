/**
 * A reverse proxy that does what load balancers do: it asks each process for its `/ready` and sends requests to those that
 * said yes last. It never tries a request again: what a process does not answer, the caller does not get, but reads why.
 */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetProcess } from './fleet.js';
import { until } from './patience.js';

const LOOK_EVERY_MS = 100;
const LOOK_MS = 3_000;
const SEEN_MS = 90_000;

interface Upstream {
  readonly process: FleetProcess;
  isReady: boolean;
}

export class ReadyProxy {
  readonly #upstreams = new Set<Upstream>();
  readonly #agent = new http.Agent({ keepAlive: true });
  readonly #server = http.createServer((request, response) => this.#forward(request, response));
  readonly #ended = new AbortController();
  #turn = 0;

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves when requests may go there. */
  async add(process: FleetProcess): Promise<void> {
    const upstream: Upstream = { process, isReady: false };
    this.#upstreams.add(upstream);
    void this.#watch(upstream);
    await until(() => upstream.isReady, { deadlineMs: SEEN_MS, what: `the proxy to see ${process.url} ready` });
  }

  stop(): void {
    this.#ended.abort();
    this.#agent.destroy();
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #watch(upstream: Upstream): Promise<void> {
    while (!this.#ended.signal.aborted && !upstream.process.isOver) {
      const asked = fetch(`${upstream.process.opsUrl}/ready`, { signal: AbortSignal.timeout(LOOK_MS) });
      upstream.isReady = await asked.then(
        ({ ok }) => ok,
        () => false,
      );
      await sleep(LOOK_EVERY_MS);
    }
    this.#upstreams.delete(upstream);
  }

  #forward(request: http.IncomingMessage, response: http.ServerResponse): void {
    const ready = [...this.#upstreams].filter(({ isReady }) => isReady);
    const chosen = ready[(this.#turn += 1) % ready.length];
    if (chosen === undefined) return refuse(response, 'no process is ready');
    const { method, url = '/', headers } = request;
    const onward = http.request(new URL(url, chosen.process.url), {
      method: method ?? 'GET',
      headers,
      agent: this.#agent,
    });
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
      answer.pipe(response);
    });
    onward.on('error', (error) =>
      refuse(
        response,
        `on a ${onward.reusedSocket ? 'kept' : 'new'} connection to ${chosen.process.url}: ${error.message}`,
      ),
    );
    request.pipe(onward);
  }
}

/**
 * What a process says of its own connection (RFC 9110, 7.6.1) is not for the caller: told of 72 s where this server closes what
 * is idle after 5, it would ask on a connection that is being closed.
 */
function endToEnd({ connection, 'keep-alive': _, ...headers }: http.IncomingHttpHeaders): http.IncomingHttpHeaders {
  return headers;
}

/** In words, so that a test that fails says whether nobody was ready or somebody hung up. */
function refuse(response: http.ServerResponse, why: string): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(502, { 'content-type': 'text/plain' }).end(why);
}
