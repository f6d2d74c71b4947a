/** BullMQ's `Queue` of each model, for who adds to them or looks at them. */
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Catalogue } from './catalogue.js';
import type { ErrorListener } from './connection.js';

/** Nobody reads a queue's events stream; it is kept short. */
const EVENTS_KEPT = 1_000;

/**
 * Envelopes fail for infrastructure only (a bug, a Redis that answers errors); their predictions have their own rules.
 */
const ENVELOPE_ATTEMPTS = 100;
const ENVELOPE_BACKOFF_MS = 1_000;

export interface QueuePair {
  readonly interactive: Queue;
  readonly retry: Queue;
}

export class ModelQueues {
  readonly #pairs = new Map<string, QueuePair>();

  constructor(
    readonly redis: Redis,
    readonly catalogue: Catalogue,
    readonly onError: ErrorListener,
  ) {}

  of(model: string): QueuePair {
    let pair = this.#pairs.get(model);
    if (pair === undefined) {
      const { catalogue } = this;
      pair = {
        interactive: this.#open(catalogue.queue(model), model),
        retry: this.#open(catalogue.retryQueue(model), model),
      };
      this.#pairs.set(model, pair);
    }
    return pair;
  }

  /** Every queue of the given models, for a board. */
  all(models: readonly string[]): Queue[] {
    return models.flatMap((model) => Object.values(this.of(model)) as Queue[]);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pairs.values()].flatMap((pair) => [pair.interactive.close(), pair.retry.close()]));
  }

  #open(name: string, model: string): Queue {
    const queue = new Queue(name, {
      connection: this.redis,
      prefix: this.catalogue.tag(model),
      streams: { events: { maxLen: EVENTS_KEPT } },
      skipVersionCheck: true,
      defaultJobOptions: {
        attempts: ENVELOPE_ATTEMPTS,
        backoff: { type: 'fixed', delay: ENVELOPE_BACKOFF_MS },
        stackTraceLimit: 1,
      },
    });
    queue.on('error', this.onError);
    return queue;
  }
}
