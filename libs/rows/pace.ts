/** Slower than this is not an upload that is slow, but one that holds a place. */
const LEAST_BYTES_PER_SECOND = 10_240;
const SHORTEST_WINDOW_MS = 30_000;

/**
 * How fast a sender sends, measured over the time in which it is waited for: what we take to handle a chunk is not held
 * against it. Within a window it may pause, and a body that ends before its window is over may be as slow as it likes.
 */
export class Pace {
  readonly #windowMs: number;
  #waitedMs = 0;
  #bytes = 0;

  /** @param stallMs pause that is allowed; a window is never shorter, or the pause would break the pace */
  constructor(stallMs: number) {
    this.#windowMs = Math.max(stallMs, SHORTEST_WINDOW_MS);
  }

  /** @returns why the sender is too slow, or null */
  received(bytes: number, waitedMs: number): string | null {
    this.#bytes += bytes;
    this.#waitedMs += waitedMs;
    if (this.#waitedMs < this.#windowMs) return null;
    const isTooSlow = this.#bytes * 1_000 < LEAST_BYTES_PER_SECOND * this.#waitedMs;
    const seconds = Math.round(this.#waitedMs / 1_000);
    this.#bytes = 0;
    this.#waitedMs = 0;
    return isTooSlow ? `Less than 10 KB per second was received for ${seconds} s.` : null;
  }
}
