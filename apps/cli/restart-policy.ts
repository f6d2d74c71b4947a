/**
 * When a process that died is started again: the first time at once, so that one accident costs nothing; then after
 * pauses that double, so that a process that cannot live does not eat the machine.
 */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** Without a death for this long, the next one is a first one again. */
const QUIET_MS = 60_000;

export class RestartPolicy {
  #deaths = 0;
  #lastDeathAt = Number.NEGATIVE_INFINITY;

  /** @returns milliseconds to wait before the start that follows a death at `now` */
  onDeath(now: number): number {
    if (now - this.#lastDeathAt >= QUIET_MS) this.#deaths = 0;
    this.#lastDeathAt = now;
    this.#deaths += 1;
    return this.#deaths === 1 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#deaths - 2));
  }
}
