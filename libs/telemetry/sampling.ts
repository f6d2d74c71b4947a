/**
 * Lets a bounded number of events a second through: so that a Redis that is away, or a flood of requests, fills a log
 * with what is worth reading.
 */
export class RateGate {
  #second = 0;
  #passed = 0;
  #suppressed = 0;

  constructor(private readonly perSecond: number) {}

  /** @returns how many events were held back before this one, or null where this one is held back too */
  pass(nowMs: number = Date.now()): number | null {
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#passed = 0;
    }
    if (this.#passed >= this.perSecond) {
      this.#suppressed += 1;
      return null;
    }
    this.#passed += 1;
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    return suppressed;
  }
}
