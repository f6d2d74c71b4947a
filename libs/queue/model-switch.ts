/**
 * What operators have switched off, a model at a time.
 *
 * `paused`: predictions are accepted and wait; workers finish what they have in hand and take no more. `draining`: nothing
 * new is accepted, and what waits is run.
 */
import type { Catalogue } from './catalogue.js';
import type { ModelQueues } from './model-queues.js';

export const MODEL_STATES = ['running', 'paused', 'draining'] as const;
export type ModelState = (typeof MODEL_STATES)[number];

const LOOK_EVERY_MS = 1_000;

export class ModelSwitch {
  #states: Readonly<Record<string, string>> = {};
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly queues: ModelQueues,
    private readonly onError: (error: Error) => void,
  ) {}

  start(): void {
    void this.look()
      .catch(this.onError)
      .finally(() => {
        this.#timer = setTimeout(() => this.start(), LOOK_EVERY_MS);
      });
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** As it was a second ago at most; every process of the API looks for itself. */
  stateOf(model: string): ModelState {
    return MODEL_STATES.find((state) => state === this.#states[model]) ?? 'running';
  }

  /**
   * Repeating it is harmless. The state is written before a queue is paused and after it runs again: whoever looks in
   * between is told of a pause that is about to be, and never misses one.
   */
  async set(model: string, state: ModelState): Promise<void> {
    const { redis } = this.queues;
    const { interactive, bulk, retry } = this.queues.of(model);
    const all = [interactive, bulk, retry];
    if (state === 'paused') {
      await redis.hset(this.#key, model, state);
      await Promise.all(all.map((queue) => queue.pause()));
    } else {
      await Promise.all(all.map((queue) => queue.resume()));
      await (state === 'running' ? redis.hdel(this.#key, model) : redis.hset(this.#key, model, state));
    }
    await this.look();
  }

  async look(): Promise<void> {
    if (this.queues.redis.status === 'ready') this.#states = await this.queues.redis.hgetall(this.#key);
  }

  get #key(): string {
    const catalogue: Catalogue = this.queues.catalogue;
    return catalogue.modelSwitches();
  }
}
