/**
 * Looks after a batch as long as its rows arrive, also while none comes or none has room: says that its upload lives,
 * so that the janitor does not take it for abandoned, and hears that no more of it is wanted.
 */
import type { BatchPlan } from '#domain/batch';
import type { Batches, BatchStop } from './batches.js';
import { withinBudget } from './connection.js';
import type { ModelQueues } from './model-queues.js';

const LOOK_EVERY_MS = 1_000;

export class UploadWatch {
  #stop: BatchStop | null = null;
  readonly #timer: NodeJS.Timeout;

  constructor(
    private readonly queues: ModelQueues,
    private readonly batches: Batches,
    private readonly plan: BatchPlan,
  ) {
    // A Redis that does not answer is asked again, and the rows themselves find out that it is away.
    this.#timer = setInterval(() => void this.look().catch(() => undefined), LOOK_EVERY_MS);
  }

  /** Why no more rows are wanted; null as long as they are. */
  get stop(): BatchStop | null {
    return this.#stop;
  }

  /** @returns why no more rows are wanted. @throws QueueUnavailableError */
  async look(): Promise<BatchStop | null> {
    const { model, id, expiresAtMs } = this.plan;
    return withinBudget(this.queues.redis, async () => {
      if (Date.now() >= expiresAtMs) await this.batches.mark(model, id, { kind: 'aborted', atMs: expiresAtMs });
      this.#stop = await this.batches.touch(model, id);
      return this.#stop;
    });
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
