/** Notes when each key was last used, to the hour: one write an hour and key, however busy it is. */
import type { KeyStore } from '#queue/key-store';

const HOUR_MS = 3_600_000;

export class LastUse {
  readonly #hours = new Map<string, number>();

  constructor(
    private readonly store: Pick<KeyStore, 'used'>,
    private readonly onError: (error: Error) => void,
  ) {}

  note(keyId: string): void {
    const hour = Math.floor(Date.now() / HOUR_MS);
    if (this.#hours.get(keyId) === hour) return;
    this.#hours.set(keyId, hour);
    this.store.used(keyId, hour * HOUR_MS).catch(this.onError);
  }
}
