/**
 * What operators have switched off, a model at a time.
 *
 * `paused`: predictions are accepted and wait; workers finish what they have in hand and take no more. `draining`: nothing
 * new is accepted, and what was accepted runs.
 *
 * One hash is the truth, and BullMQ's queues follow it. Whoever switches writes the hash and makes the queues follow; if
 * it dies in between, or two switch at once, every process of the API mends that at its next look. A model's queues hold
 * all of its versions, so one that comes later is switched as they are. Announcements go on: who waits for an end is told.
 */
import type { Queue } from 'bullmq';
import type { ModelQueues } from './model-queues.js';
import { Rounds } from './rounds.js';

export const MODEL_STATES = ['running', 'paused', 'draining'] as const;
export type ModelState = (typeof MODEL_STATES)[number];

export interface SwitchedModel {
  readonly state: ModelState;
  /** Milliseconds since the epoch; null where nobody has switched it. */
  readonly sinceMs: number | null;
  /** The client whose key it was. */
  readonly by: string | null;
}

const RUNNING: SwitchedModel = { state: 'running', sinceMs: null, by: null };
const LOOK_EVERY_MS = 1_000;
/** Each is one more operator who switched in the same moment. */
const MOST_FOLLOWED = 5;

export class ModelSwitch {
  #switched: ReadonlyMap<string, SwitchedModel> = new Map();
  readonly #looks: Rounds;

  /** @param names of the models whose queues this process looks after */
  constructor(
    private readonly queues: ModelQueues,
    private readonly names: readonly string[],
    onError: (error: Error) => void,
  ) {
    this.#looks = new Rounds(() => this.look(), LOOK_EVERY_MS, onError);
  }

  start(): void {
    void this.#looks.start();
  }

  stop(): void {
    void this.#looks.stop();
  }

  /** As it was a second ago at most. */
  of(model: string): SwitchedModel {
    return this.#switched.get(model) ?? RUNNING;
  }

  stateOf(model: string): ModelState {
    return this.of(model).state;
  }

  /** Doing so twice is doing it once; the first time is kept. @returns what it was before */
  async set(model: string, state: ModelState, by: string): Promise<ModelState> {
    const { redis } = this.queues;
    const { state: before } = await this.#read(model);
    if (state === 'running') await redis.hdel(this.#key, model);
    else if (state !== before) await redis.hset(this.#key, model, JSON.stringify({ state, sinceMs: Date.now(), by }));
    await this.#follow(model);
    await this.look();
    return before;
  }

  async look(): Promise<void> {
    const { redis } = this.queues;
    if (redis.status !== 'ready') return;
    const stored = Object.entries(await redis.hgetall(this.#key));
    this.#switched = new Map(stored.map(([model, text]) => [model, parseSwitched(text)]));
    await Promise.all(this.names.map((model) => this.#mend(model)));
  }

  async #mend(model: string): Promise<void> {
    const isPaused = await Promise.all(this.#lanes(model).map((queue) => queue.isPaused()));
    const isWanted = this.stateOf(model) === 'paused';
    // The hash may have changed since it was read: who follows reads it again.
    if (isPaused.some((is) => is !== isWanted)) await this.#follow(model);
  }

  /** Until the hash still says what the queues were told: so the last word is that of the hash, whoever else switches. */
  async #follow(model: string): Promise<void> {
    for (let tries = 0; tries < MOST_FOLLOWED; tries += 1) {
      const { state } = await this.#read(model);
      const lanes = this.#lanes(model);
      await Promise.all(lanes.map((queue) => (state === 'paused' ? queue.pause() : queue.resume())));
      if ((await this.#read(model)).state === state) return;
    }
  }

  async #read(model: string): Promise<SwitchedModel> {
    const text = await this.queues.redis.hget(this.#key, model);
    return text === null ? RUNNING : parseSwitched(text);
  }

  /** Those that workers take from. */
  #lanes(model: string): readonly Queue[] {
    const { interactive, bulk, retry } = this.queues.of(model);
    return [interactive, bulk, retry];
  }

  get #key(): string {
    return this.queues.catalogue.modelSwitchesKey();
  }
}

/** What a release to come may write there is not known here, and stops nothing. */
function parseSwitched(text: string): SwitchedModel {
  try {
    const found = JSON.parse(text) as Partial<SwitchedModel>;
    const state = MODEL_STATES.find((known) => known === found.state);
    return state === undefined ? RUNNING : { state, sinceMs: found.sinceMs ?? null, by: found.by ?? null };
  } catch {
    return RUNNING; // Written by hand, and not by an operation.
  }
}
