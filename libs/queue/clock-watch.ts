/**
 * Compares this machine's clock with Redis's. Deadlines, retries and signatures rely on clocks that agree; one that is off
 * says so, in the log and in readiness.
 */
import type { Redis } from 'ioredis';
import { inTime } from './connection.js';

const LOOK_EVERY_MS = 60_000;
const AFTER_ERROR_MS = 1_000;
const MOST_OFF_MS = 2_000;

export class ClockWatch {
  #aheadMs = 0;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(
    private readonly redis: Redis,
    private readonly onOff: (sentence: string) => void,
    private readonly now: () => number = Date.now,
  ) {}

  start(): void {
    void this.look()
      // A Redis that is away is told of elsewhere; at the start it may just not be connected yet.
      .then(
        () => LOOK_EVERY_MS,
        () => AFTER_ERROR_MS,
      )
      .then((pauseMs) => {
        // It may have been stopped while it looked.
        if (!this.#stopped) this.#timer = setTimeout(() => this.start(), pauseMs);
      });
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async look(): Promise<void> {
    const before = this.now();
    // An answer that took longer, as of a Redis that was frozen, says nothing of its clock.
    const [seconds, micros] = (await inTime(this.redis.time())).map(Number);
    const after = this.now();
    // The answer was made somewhere between the two.
    this.#aheadMs = Math.round((before + after) / 2 - ((seconds ?? 0) * 1_000 + (micros ?? 0) / 1_000));
    const sentence = this.complaint;
    if (sentence !== null) this.onOff(sentence);
  }

  /** Milliseconds by which this clock is ahead of Redis's; 0 until it was compared. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  /** One sentence where the clock is off, for readiness; else null. */
  get complaint(): string | null {
    if (Math.abs(this.#aheadMs) <= MOST_OFF_MS) return null;
    const seconds = (Math.abs(this.#aheadMs) / 1_000).toFixed(1);
    return `this machine's clock is ${seconds} s ${this.#aheadMs > 0 ? 'ahead of' : 'behind'} Redis's`;
  }
}
