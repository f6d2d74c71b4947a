/**
 * An open loop: requests come at their times whether the last ones have been answered or not, as they do from many callers
 * who do not know of each other. One that finds no free connection waits for it, and its time counts from when it came; a
 * closed loop would send less just when answers are late, and so not see how late they are.
 */
import { HttpConnection } from './http-connection.js';
import { LONGEST_LOAD_MS, prepareRequests, type LoadOrder, type LoadResult } from './load-order.js';
import { LoadTally } from './load-tally.js';

const TICK_MS = 1;

export class OpenLoop {
  readonly #requests: ReturnType<typeof prepareRequests>;
  readonly #tally: LoadTally;
  /** When the requests that have come and were not sent came. */
  readonly #waiting: number[] = [];
  readonly #cameAtMs = new Map<HttpConnection, number>();
  #idle: HttpConnection[] = [];
  #sent = 0;
  #allCame = false;
  #finish: () => void = () => undefined;

  constructor(
    private readonly order: LoadOrder,
    private readonly perSecond: number,
  ) {
    this.#requests = prepareRequests(order);
    this.#tally = new LoadTally(order.wait);
  }

  async run(): Promise<LoadResult> {
    const { port, connections, until } = this.order;
    const events = { onAnswer: this.#onAnswer, onBroken: this.#onBroken };
    const all = await Promise.all(Array.from({ length: connections }, () => HttpConnection.open(port, events)));
    this.#idle = [...all];
    const finished = new Promise<void>((resolve) => (this.#finish = resolve));
    const patience = setTimeout(() => this.#finish(), LONGEST_LOAD_MS);
    this.#arrive('seconds' in until ? until.seconds * 1_000 : (until.requests / this.perSecond) * 1_000);
    await finished;
    clearTimeout(patience);
    for (const connection of all) connection.close();
    return this.#tally.result();
  }

  /** Times between arrivals are exponentially distributed: what independent callers make (a Poisson process). */
  #arrive(forMs: number): void {
    const beganAtMs = performance.now();
    let nextAtMs = beganAtMs;
    const timer = setInterval(() => {
      const nowMs = performance.now();
      while (nextAtMs <= nowMs && nextAtMs - beganAtMs < forMs) {
        this.#waiting.push(nextAtMs);
        nextAtMs += (-Math.log(1 - Math.random()) / this.perSecond) * 1_000;
      }
      if (nextAtMs - beganAtMs >= forMs) {
        clearInterval(timer);
        this.#allCame = true;
      }
      this.#sendWaiting();
    }, TICK_MS);
  }

  #sendWaiting(): void {
    while (this.#waiting.length > 0) {
      const connection = this.#idle.pop();
      const request = this.#requests[this.#sent % this.#requests.length];
      if (connection === undefined || request === undefined) return;
      this.#cameAtMs.set(connection, this.#waiting.shift() ?? 0);
      this.#sent += 1;
      connection.send(request.bytes);
    }
    if (this.#allCame && this.#cameAtMs.size === 0) this.#finish();
  }

  readonly #onAnswer = (connection: HttpConnection, status: number, answer: Buffer): void => {
    this.#tally.answer(status, true, performance.now() - (this.#cameAtMs.get(connection) ?? 0), answer);
    this.#cameAtMs.delete(connection);
    this.#idle.push(connection);
    this.#sendWaiting();
  };

  readonly #onBroken = (connection: HttpConnection): void => {
    if (this.#cameAtMs.delete(connection)) this.#tally.broken();
    this.#idle = this.#idle.filter((one) => one !== connection);
    this.#sendWaiting();
  };
}
