/** BullMQ's `Queue` of each model, for who adds to them or looks at them. */
import { FlowProducer, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Catalogue } from './catalogue.js';
import type { ErrorListener } from './connection.js';
import { type FlowBackend, flowBackend } from './flow-backend.js';

/** Nobody reads a queue's events stream; it is kept short. */
const EVENTS_KEPT = 1_000;

/**
 * Envelopes fail for infrastructure only (a bug, a Redis that answers errors); their predictions have their own rules.
 */
const ENVELOPE_ATTEMPTS = 100;
const ENVELOPE_BACKOFF_MS = 1_000;

/** Of every job of a model; a flow does not know the defaults of its queues. */
export const JOB_OPTIONS = {
  attempts: ENVELOPE_ATTEMPTS,
  backoff: { type: 'fixed', delay: ENVELOPE_BACKOFF_MS },
  // A stack names paths of this machine, and the board would show it; the worker's log has that of a bug.
  stackTraceLimit: 0,
} as const;

export interface QueueSet {
  readonly interactive: Queue;
  readonly bulk: Queue;
  readonly retry: Queue;
  readonly announcements: Queue;
  /** One job a batch whose rows still arrive. */
  readonly gates: Queue;
}

export class ModelQueues {
  readonly #sets = new Map<string, QueueSet>();
  readonly #flows = new Map<string, FlowProducer<FlowBackend>>();

  constructor(
    readonly redis: Redis,
    readonly catalogue: Catalogue,
    readonly onError: ErrorListener,
  ) {}

  of(model: string): QueueSet {
    let set = this.#sets.get(model);
    if (set === undefined) {
      const { catalogue } = this;
      set = {
        interactive: this.#open(catalogue.queue(model), model),
        bulk: this.#open(catalogue.queue(model, 'b'), model),
        retry: this.#open(catalogue.retryQueue(model), model),
        announcements: this.#open(catalogue.announcementQueue(model), model),
        gates: this.#open(catalogue.gateQueue(model), model),
      };
      this.#sets.set(model, set);
    }
    return set;
  }

  /** Adds a job together with the one that is released when it has ended; both belong to this model. */
  flows(model: string): FlowProducer<FlowBackend> {
    let flows = this.#flows.get(model);
    if (flows === undefined) {
      const options = { connection: this.redis, prefix: this.catalogue.tag(model), skipVersionCheck: true };
      flows = new FlowProducer(options, flowBackend(this.redis, options.prefix));
      flows.on('error', this.onError);
      this.#flows.set(model, flows);
    }
    return flows;
  }

  /** Every queue of the given models, for a board. */
  all(models: readonly string[]): Queue[] {
    return models.flatMap((model) => Object.values(this.of(model)) as Queue[]);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sets.keys()].flatMap((model) => this.all([model]).map((queue) => queue.close())));
  }

  #open(name: string, model: string): Queue {
    const queue = new Queue(name, {
      connection: this.redis,
      prefix: this.catalogue.tag(model),
      streams: { events: { maxLen: EVENTS_KEPT } },
      skipVersionCheck: true,
      defaultJobOptions: JOB_OPTIONS,
    });
    queue.on('error', this.onError);
    return queue;
  }
}
