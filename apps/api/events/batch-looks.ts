/**
 * Looks at batches for all who follow them: to count the rows of a large one is work for Redis, so they share a look, and
 * the time between two looks grows with what one costs.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch } from '#domain/batch';

/** Progress is shown no more often. */
const SHORTEST_BETWEEN_MS = 1_000;
/** Looks may take a twentieth of the time. */
const SHARE = 20;

export class BatchLooks {
  /** Looks that have not begun: who asks now joins, and sees what is true from now on. */
  readonly #planned = new Map<string, Promise<Batch | null>>();
  /** Resolve when the next look may begin. */
  readonly #pauses = new Map<string, Promise<void>>();

  constructor(private readonly read: (model: string, id: string) => Promise<Batch | null>) {}

  look(model: string, id: string): Promise<Batch | null> {
    const planned = this.#planned.get(id);
    if (planned !== undefined) return planned;
    const look = this.#take(model, id);
    this.#planned.set(id, look);
    return look;
  }

  async #take(model: string, id: string): Promise<Batch | null> {
    await this.#pauses.get(id);
    this.#planned.delete(id);
    const look = this.read(model, id);
    const pause = this.#pauseAfter(look);
    this.#pauses.set(id, pause);
    void pause.then(() => {
      if (this.#pauses.get(id) === pause) this.#pauses.delete(id);
    });
    return look;
  }

  async #pauseAfter(look: Promise<unknown>): Promise<void> {
    const begunAtMs = Date.now();
    await look.catch(() => undefined);
    await sleep(Math.max(SHORTEST_BETWEEN_MS, SHARE * (Date.now() - begunAtMs)), undefined, { ref: false });
  }
}
