/**
 * Follows things from where they stand to their end, on behalf of readers of events.
 *
 * Nobody asks Redis in a loop: a reader is told, by the same messages as those who wait with `?wait=`, and looks then. A
 * message may be lost, so everybody also looks once in a while.
 */
import { Bell } from '../bell.js';

export interface Followed<T> {
  /** Rings when it may have changed, and once when it listens: what came before that is not told. @returns how to stop */
  listen(ring: () => void): readonly (() => void)[];
  /** Where it stands. */
  look(): Promise<T>;
  isOver(seen: T): boolean;
  /** How long it may go unseen though nothing was told, milliseconds. */
  patienceMs(seen: T): number;
}

/** Somebody who reads, until the connection is closed or the key that it came with is no longer valid. */
export class Reader {
  readonly bell = new Bell();
  #isGone = false;

  constructor(private readonly mayRead: () => boolean) {}

  get isGone(): boolean {
    return this.#isGone || !this.mayRead();
  }

  readonly leave = (): void => {
    this.#isGone = true;
    this.bell.ring();
  };
}

/** Until it is tried again where Redis did not answer. */
const AWAY_MS = 2_000;

export class Follower {
  readonly #readers = new Set<Reader>();
  #released = false;

  /** Every stream ends as things stand, so that the process can; readers come again, to another one. */
  releaseAll(): void {
    this.#released = true;
    for (const { bell } of this.#readers) bell.ring();
  }

  /** Call it when keys have changed: streams of those that were revoked end. */
  sendAway(): void {
    for (const reader of this.#readers) if (reader.isGone) reader.bell.ring();
  }

  /**
   * Where it stands: at once, and again whenever that may have changed; null where nothing can be said right now. Ends
   * with the thing, when the reader leaves, or with the process.
   * @throws what the first look throws
   */
  async *follow<T>(followed: Followed<T>, reader: Reader): AsyncGenerator<T | null, void, undefined> {
    const { bell } = reader;
    const stops = followed.listen(bell.ring);
    this.#readers.add(reader);
    try {
      let seen: T | null = await followed.look();
      for (;;) {
        yield seen;
        if (seen !== null && followed.isOver(seen)) return;
        await bell.rung(seen === null ? AWAY_MS : followed.patienceMs(seen));
        if (this.#released || reader.isGone) return;
        // The reader stays while Redis is away.
        seen = await followed.look().catch(() => null);
      }
    } finally {
      this.#readers.delete(reader);
      for (const stop of stops) stop();
    }
  }
}
