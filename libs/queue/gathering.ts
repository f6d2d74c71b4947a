/**
 * When submissions that can share an envelope leave.
 *
 * With nothing underway they leave at the end of their turn of the event loop. While an envelope is on its way to Redis the
 * next one is gathered, until a whole turn after Redis has confirmed: its callers have been answered by then, and what
 * they ask next has come in. That is Nagle's rule (RFC 896): only what comes while something is underway waits, so that a
 * lone caller never does, and what costs by the envelope is paid less often the more there is to do.
 *
 * Nothing waits behind a Redis that is slow or silent, nor once it would fill an envelope.
 */

/** Many times what a Redis nearby takes to confirm. */
const LONGEST_HOLD_MS = 5;

export class Gathering<T> {
  #gathered: T[] = [];
  #underway = 0;
  /** What the gathered items wait for: nothing, the end of this turn, or the reply to the previous send. */
  #waitsFor: 'nothing' | 'turn' | 'arrival' = 'nothing';
  #patience: NodeJS.Timeout | undefined;

  /**
   * @param enough as many as fill an envelope
   * @param send resolves when Redis has answered; never rejects
   */
  constructor(
    private readonly enough: () => number,
    private readonly send: (together: readonly T[]) => Promise<void>,
    private readonly longestHoldMs = LONGEST_HOLD_MS,
  ) {}

  add(one: T): void {
    this.#gathered.push(one);
    if (this.#waitsFor === 'nothing') this.#leaveAtEndOfTurn();
    else if (this.#waitsFor === 'arrival' && this.#isEnough()) this.#leaveAtEndOfTurn();
  }

  #isEnough(): boolean {
    return this.#gathered.length >= this.enough();
  }

  #leaveAtEndOfTurn(): void {
    this.#waitsFor = 'turn';
    clearTimeout(this.#patience);
    setImmediate(() => {
      if (this.#underway === 0 || this.#isEnough()) this.#leave();
      else this.#hold();
    });
  }

  #hold(): void {
    this.#waitsFor = 'arrival';
    this.#patience = setTimeout(() => this.#leave(), this.longestHoldMs);
  }

  #leave(): void {
    const together = this.#gathered;
    this.#gathered = [];
    this.#waitsFor = 'nothing';
    this.#underway += 1;
    void this.send(together).then(() => this.#arrived());
  }

  #arrived(): void {
    this.#underway -= 1;
    if (this.#underway > 0 || this.#waitsFor !== 'arrival') return;
    this.#waitsFor = 'turn';
    clearTimeout(this.#patience);
    setImmediate(() => this.#leaveAtEndOfTurn());
  }
}
