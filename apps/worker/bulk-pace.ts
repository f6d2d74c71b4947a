/**
 * How many envelopes of batches a worker has in hand at once: one more than runs, so that executors need not wait for
 * the next; but while somebody waits for single predictions, one alone.
 *
 * Everything that a batch keeps busy, five processes and Redis, is what a single prediction has to pass too. On two
 * cores a lone caller then waited half as long, and the batch took one and a half times as long (bench/README.md, g).
 */
export interface PacedIntake {
  slots: number;
}

/** Two for a single batch: what follows it is fetched while it runs. */
const SLOTS = 2;
const SLOTS_BESIDE_CALLERS = 1;
/** Callers are gone when none has come for so long. */
const QUIET_MS = 250;

export class BulkPace {
  #lastCallMs = 0;
  #timer: NodeJS.Timeout | null = null;

  static readonly slots = SLOTS;

  /** @param intakes those of the bulk queues */
  constructor(private readonly intakes: readonly PacedIntake[]) {}

  /** Call it when an interactive envelope was taken. */
  called(): void {
    this.#lastCallMs = Date.now();
    if (this.#timer !== null) return;
    this.#setSlots(SLOTS_BESIDE_CALLERS);
    this.#timer = setInterval(() => {
      if (Date.now() - this.#lastCallMs >= QUIET_MS) this.stop();
    }, QUIET_MS);
  }

  stop(): void {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
    this.#setSlots(SLOTS);
  }

  #setSlots(slots: number): void {
    for (const intake of this.intakes) intake.slots = slots;
  }
}
