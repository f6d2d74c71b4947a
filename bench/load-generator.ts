/** Child process of the bench: a closed loop, where each connection sends its next request when the last is answered; or an open one. */
import { serveParent } from './child-channel.js';
import { HttpConnection } from './http-connection.js';
import {
  LONGEST_LOAD_MS,
  prepareRequests,
  type LoadOrder,
  type LoadResult,
  type PreparedRequest,
} from './load-order.js';
import { runAutocannon } from './load-autocannon.js';
import { LoadTally } from './load-tally.js';
import { OpenLoop } from './open-loop.js';

serveParent((order: LoadOrder) => (order.engine === 'sockets' ? runSockets(order) : runAutocannon(order)));

/** Connections are open before the clock starts: a client keeps them. */
async function runSockets(order: LoadOrder): Promise<LoadResult> {
  if (order.perSecond !== undefined) return new OpenLoop(order, order.perSecond).run();
  const run = new SocketRun(order);
  await run.open();
  return run.run();
}

class SocketRun {
  readonly #requests: readonly PreparedRequest[];
  readonly #inFlight = new Map<HttpConnection, PreparedRequest>();
  #connections: readonly HttpConnection[] = [];
  #tally: LoadTally;
  #sent = 0;
  #mostRequests = Infinity;
  #deadlineMs = Infinity;
  #finish: () => void = () => undefined;

  constructor(private readonly order: LoadOrder) {
    this.#requests = prepareRequests(order);
    this.#tally = new LoadTally(order.wait);
  }

  async open(): Promise<void> {
    const events = { onAnswer: this.#onAnswer, onBroken: this.#onBroken };
    const { port, connections } = this.order;
    this.#connections = await Promise.all(Array.from({ length: connections }, () => HttpConnection.open(port, events)));
  }

  async run(): Promise<LoadResult> {
    const { until, wait } = this.order;
    const limitMs = 'seconds' in until ? until.seconds * 1_000 : LONGEST_LOAD_MS;
    if ('requests' in until) this.#mostRequests = until.requests;
    this.#tally = new LoadTally(wait);
    this.#deadlineMs = performance.now() + limitMs;
    const finished = new Promise<void>((resolve) => (this.#finish = resolve));
    const patience = setTimeout(() => this.#finish(), LONGEST_LOAD_MS + 10_000);
    for (const connection of this.#connections) this.#next(connection);
    await finished;
    clearTimeout(patience);
    const result = this.#tally.result();
    for (const connection of this.#connections) connection.close();
    return result;
  }

  #next(connection: HttpConnection): void {
    if (this.#sent >= this.#mostRequests || performance.now() >= this.#deadlineMs) {
      if (this.#inFlight.size === 0) this.#finish();
      return;
    }
    const request = this.#requests[this.#sent % this.#requests.length];
    if (request === undefined) return;
    this.#sent += 1;
    this.#inFlight.set(connection, request);
    connection.send(request.bytes);
  }

  readonly #onAnswer = (connection: HttpConnection, status: number, answer: Buffer): void => {
    const request = this.#inFlight.get(connection);
    this.#inFlight.delete(connection);
    this.#tally.answer(status, request?.isValid ?? false, performance.now() - connection.sentAtMs, answer);
    this.#next(connection);
  };

  readonly #onBroken = (connection: HttpConnection): void => {
    if (this.#inFlight.delete(connection)) this.#tally.broken();
    if (this.#inFlight.size === 0) this.#finish();
  };
}
