/**
 * Pulls what a stream has, and lets go of it at any moment: what was not taken is there for whoever comes next.
 *
 * The stream's own iterator cannot: while it waits for the next chunk it neither returns nor takes its listener away, and
 * a stream that somebody listens to in this way cannot be resumed.
 */
import { finished, type Readable } from 'node:stream';

export class Pull {
  /** Why there is nothing more, or null where it came to its end; undefined while there may be more. */
  #ending: Error | null | undefined;
  #isReleased = false;
  #wake: () => void = () => undefined;
  readonly #onReadable = (): void => this.#wake();

  constructor(private readonly source: Readable) {
    source.on('readable', this.#onReadable);
    // Never taken back: whoever lets go of a stream is not told of its errors, and they must not end the process.
    finished(source, { writable: false }, (error) => {
      this.#ending = error ?? null;
      this.#wake();
    });
  }

  /**
   * One at a time.
   * @returns what has come, or null at the end
   * @throws what the stream ended with
   */
  async next(): Promise<Uint8Array | null> {
    for (;;) {
      if (this.#isReleased) return null;
      const chunk = this.source.read() as Uint8Array | null;
      if (chunk !== null) return chunk;
      if (this.#ending === null) return null;
      if (this.#ending !== undefined) throw this.#ending;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** A `next` that still waits takes it for the end. */
  release(): void {
    this.source.off('readable', this.#onReadable);
    this.#isReleased = true;
    this.#wake();
  }
}
