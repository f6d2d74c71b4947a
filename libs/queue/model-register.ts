/**
 * Which models the fleet has ever served: a courier, which loads no models, learns here whose announcements to take.
 */
import type { Redis } from 'ioredis';
import type { Catalogue } from './catalogue.js';
import type { ErrorListener } from './connection.js';
import { Rounds } from './rounds.js';

const LOOK_EVERY_MS = 1_000;

export class ModelRegister {
  readonly #known = new Set<string>();
  #listener: (model: string) => void = () => undefined;
  readonly #looks: Rounds;
  #announcing: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(
    private readonly redis: Redis,
    private readonly catalogue: Catalogue,
    private readonly onError: ErrorListener,
  ) {
    this.#looks = new Rounds(() => this.#look(), LOOK_EVERY_MS, onError);
  }

  /** Says that these models exist; tried until Redis has heard it. */
  announce(models: readonly string[]): void {
    if (models.length === 0) return;
    this.redis.sadd(this.catalogue.modelsKey(), ...models).catch((error: unknown) => {
      this.onError(error as Error);
      if (!this.#stopped) this.#announcing = setTimeout(() => this.announce(models), LOOK_EVERY_MS);
    });
  }

  /** @param listener called once for each model, those to come as well */
  onModel(listener: (model: string) => void): void {
    this.#listener = listener;
  }

  watch(): void {
    void this.#looks.start();
  }

  stop(): void {
    void this.#looks.stop();
    this.#stopped = true;
    if (this.#announcing !== null) clearTimeout(this.#announcing);
  }

  async #look(): Promise<void> {
    for (const model of await this.redis.smembers(this.catalogue.modelsKey())) {
      if (this.#known.has(model)) continue;
      this.#known.add(model);
      this.#listener(model);
    }
  }
}
