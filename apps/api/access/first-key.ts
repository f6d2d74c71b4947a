/** The key without which nobody could make another: made, or taken, wherever no administrator can enter. */
import { parseApiKey } from '#access/api-key';
import { isAdmin, type KeyRecord } from '#domain/key-record';
import { StartRefusedError } from '#process/start';
import type { KeyStore } from '#queue/key-store';
import { make } from './manage-keys.js';

const RETRY_MS = 1_000;

export interface FirstKeyOptions {
  /** From `BOOTSTRAP_KEY` or its file; null has one made. */
  readonly given: string | null;
  /** Called with a key that was made, by the one process that has written it. */
  readonly show: (text: string) => void;
  /** Called with one sentence where the given key opens nothing, so that nobody wonders why. */
  readonly onIgnored: (why: string) => void;
  readonly onError: (error: Error) => void;
}

/** @throws StartRefusedError for a given text that is no key */
export function checkGivenKey(given: string | null): void {
  if (given === null || parseApiKey(given) !== null) return;
  throw new StartRefusedError(
    'Setting BOOTSTRAP_KEY or BOOTSTRAP_KEY_FILE: holds no key (make one with `npx millrace keys generate`)',
  );
}

/** Tries until Redis has answered. Of several processes that start at once, one writes the key and shows it. */
export async function ensureFirstKey(
  store: KeyStore,
  { given, show, onIgnored, onError }: FirstKeyOptions,
): Promise<void> {
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
      const written = await writeFirst(store, record);
      if (written === 'changed meanwhile') continue;
      if (written === 'written' && given === null) show(text);
      const ignored = IGNORED[written];
      if (given !== null && ignored !== undefined) onIgnored(ignored);
      return;
    } catch (error) {
      onError(error as Error);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

type Written = 'written' | 'changed meanwhile' | 'valid already' | 'not needed' | 'ended';

const IGNORED: Readonly<Partial<Record<Written, string>>> = {
  'not needed': 'BOOTSTRAP_KEY is ignored: another key with the scope admin is valid',
  ended:
    'BOOTSTRAP_KEY is ignored: it was revoked, has expired or lacks the scope admin, and no key with the scope ' +
    'admin is valid. Give another (npx millrace keys generate)',
};

/** Decided on what was read, and refused by Redis if any key has changed since. */
async function writeFirst(store: KeyStore, record: KeyRecord): Promise<Written> {
  const version = await store.version();
  const records = await store.list();
  const now = Date.now();
  const same = records.find(({ id }) => id === record.id);
  if (records.some((one) => isAdmin(one, now))) {
    return same !== undefined && isAdmin(same, now) ? 'valid already' : 'not needed';
  }
  // What was revoked stays revoked, also where it is given once more.
  if (same !== undefined) return 'ended';
  return (await store.change([{ from: null, to: record }], version)) ? 'written' : 'changed meanwhile';
}
