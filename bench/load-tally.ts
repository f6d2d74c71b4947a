/** Counts answers as they come; the same for both engines. */
import { LatencyHistogram } from '../apps/cli/latency-histogram.js';
import { nowMs } from './clock.js';
import type { LoadResult } from './load-order.js';

/** Of so many answers one id is kept. */
const ID_EVERY = 997;
const SUCCEEDED = Buffer.from('"status":"succeeded"');

export class LoadTally {
  readonly #latencies = new LatencyHistogram();
  readonly #statuses = new Map<number, number>();
  readonly #someIds: string[] = [];
  readonly #firstSentAtMs = nowMs();
  readonly #processor = process.cpuUsage();
  #refused = 0;
  #errors = 0;
  #answers = 0;

  constructor(private readonly wait: boolean) {}

  answer(status: number, isValid: boolean, ms: number, answer: Buffer): void {
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    this.#answers += 1;
    if (!isValid && status === 422) this.#refused += 1;
    else if (!isValid || status !== 201 || (this.wait && !answer.includes(SUCCEEDED))) this.#errors += 1;
    else this.#latencies.add(ms);
    if (status === 201 && this.#answers % ID_EVERY === 0) this.#keepId(answer);
  }

  broken(): void {
    this.#errors += 1;
  }

  result(): LoadResult {
    const lastAnswerAtMs = nowMs();
    const { user, system } = process.cpuUsage(this.#processor);
    return {
      firstSentAtMs: this.#firstSentAtMs,
      lastAnswerAtMs,
      good: this.#latencies.count,
      refused: this.#refused,
      errors: this.#errors,
      statuses: Object.fromEntries(this.#statuses),
      p50Ms: this.#latencies.percentile(0.5),
      p95Ms: this.#latencies.percentile(0.95),
      p99Ms: this.#latencies.percentile(0.99),
      generatorUs: (user + system) / Math.max(1, this.#answers),
      someIds: this.#someIds,
    };
  }

  #keepId(answer: Buffer): void {
    const id = /"id":"([^"]+)"/.exec(answer.toString('latin1'))?.[1];
    if (id !== undefined) this.#someIds.push(id);
  }
}
