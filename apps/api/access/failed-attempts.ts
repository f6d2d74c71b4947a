/** Counts wrong keys by the address they came from, so that guessing ends soon. */

const WINDOW_MS = 60_000;
const ALLOWED = 100;
/** Addresses remembered; an attacker with more of them is a matter for what stands in front of this process. */
const MOST_ADDRESSES = 10_000;

export class FailedAttempts {
  readonly #counts = new Map<string, { count: number; readonly untilMs: number }>();

  /** @returns seconds to wait where there were too many, else null */
  note(address: string, nowMs: number): number | null {
    let entry = this.#counts.get(address);
    if (entry === undefined || entry.untilMs <= nowMs) {
      this.#counts.delete(address);
      entry = { count: 0, untilMs: nowMs + WINDOW_MS };
      if (this.#counts.size >= MOST_ADDRESSES) this.#forgetOldest();
      this.#counts.set(address, entry);
    }
    entry.count += 1;
    return entry.count > ALLOWED ? Math.ceil((entry.untilMs - nowMs) / 1_000) : null;
  }

  /** Insertion order is the order of time. */
  #forgetOldest(): void {
    for (const address of this.#counts.keys()) {
      this.#counts.delete(address);
      return;
    }
  }
}
