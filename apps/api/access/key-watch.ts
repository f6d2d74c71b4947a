/**
 * Keeps this process's ring of keys as Redis has it: looked at every second, and once more when somebody comes with a
 * key that the ring does not know.
 */
import type { KeyRing } from '#access/key-ring';
import type { KeyStore } from '#queue/key-store';
import { Rounds } from '#queue/rounds';

const LOOK_EVERY_MS = 1_000;
/** A ring that is older than this may hold a key that was revoked: it admits nobody. */
const OLDEST_MS = 4_000;
/** Strangers with well-formed keys must not make this process ask all the time. */
const SHORTEST_BETWEEN_MS = 100;

export class KeyWatch {
  #version: string | null = null;
  #lookedAtMs = -Infinity;
  #looking: Promise<void> | null = null;
  readonly #looks: Rounds;
  /** Called when the ring has changed. */
  onChange: () => void = () => undefined;

  constructor(
    private readonly store: KeyStore,
    private readonly ring: KeyRing,
    onError: (error: Error) => void,
  ) {
    this.#looks = new Rounds(() => this.look(), LOOK_EVERY_MS, onError);
  }

  /** Resolves after the first look, also where that failed. */
  start(): Promise<void> {
    return this.#looks.start();
  }

  stop(): void {
    void this.#looks.stop();
  }

  /** True while the ring can be relied on. */
  get isFresh(): boolean {
    return performance.now() - this.#lookedAtMs < OLDEST_MS;
  }

  /** Whoever comes while a look is under way shares it. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => (this.#looking = null));
    return this.#looking;
  }

  /** For a key that the ring does not know: it may have been made in another process a moment ago. */
  async lookAgain(): Promise<void> {
    const waitMs = this.#lookedAtMs + SHORTEST_BETWEEN_MS - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    await this.look();
  }

  async #look(): Promise<void> {
    // The moment of the question: what changes while it is answered is seen by the next one.
    const askedAtMs = performance.now();
    const version = await this.store.version();
    const hasChanged = version !== this.#version;
    if (hasChanged) this.ring.replace(await this.store.list());
    this.#version = version;
    this.#lookedAtMs = askedAtMs;
    if (hasChanged) this.onChange();
  }
}
