/** The first key of a fleet, without which nobody could make another. */
import { parseApiKey } from '#access/api-key';
import { StartRefusedError } from '#process/start';
import type { KeyStore } from '#queue/key-store';
import { make } from './manage-keys.js';

const RETRY_MS = 1_000;

export interface FirstKeyOptions {
  /** From `BOOTSTRAP_KEY_FILE`; null has one made. */
  readonly given: string | null;
  /** Called with a key that was made, once in the life of the fleet. */
  readonly show: (text: string) => void;
  readonly onError: (error: Error) => void;
}

/** @throws StartRefusedError for a given text that is no key */
export function checkGivenKey(given: string | null): void {
  if (given === null || parseApiKey(given) !== null) return;
  throw new StartRefusedError('Setting BOOTSTRAP_KEY_FILE: holds no key (make one with `npx millrace keys generate`)');
}

/** Tries until Redis has answered. Of several processes that start at once, one writes the key and shows it. */
export async function ensureFirstKey(store: KeyStore, { given, show, onError }: FirstKeyOptions): Promise<void> {
  const created = {
    client: 'admin',
    name: 'first key',
    scopes: ['admin'],
    createdBy: null,
    expiresAtMs: null,
  } as const;
  const { text, record } = make({ ...created, createdAtMs: Date.now() }, given ?? undefined);
  for (;;) {
    try {
      const isFirst = await store.first(record);
      if (isFirst && given === null) show(text);
      return;
    } catch (error) {
      onError(error as Error);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
