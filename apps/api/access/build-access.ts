/** The parts that decide who may call. */
import { KeyRing } from '#access/key-ring';
import type { Settings } from '#config/settings';
import { hasLauncher, tellLauncher } from '#process/launch-channel';
import { KeyStore } from '#queue/key-store';
import type { ModelQueues } from '#queue/model-queues';
import type { Logger } from '#telemetry/logger';
import { checkGivenKey, ensureFirstKey } from './first-key.js';
import type { Keys } from './guard.js';
import { KeyWatch } from './key-watch.js';
import { LastUse } from './last-use.js';
import { ManageKeys } from './manage-keys.js';

export interface Access {
  readonly manageKeys: ManageKeys;
  /** Null where keys are off. */
  readonly keys: Keys | null;
  start(): void;
  stop(): void;
}

/** @throws StartRefusedError for a `BOOTSTRAP_KEY` that is no key */
export function buildAccess(
  settings: Settings,
  { redis, catalogue }: ModelQueues,
  { logger, onError }: { readonly logger: Logger; readonly onError: (error: Error) => void },
): Access {
  const store = new KeyStore(redis, catalogue);
  const ring = new KeyRing();
  const watch = new KeyWatch(store, ring, onError);
  const lastUse = new LastUse(store, onError);
  const manageKeys = new ManageKeys(store, watch);
  if (settings.AUTH === 'off') return { manageKeys, keys: null, start: () => undefined, stop: () => undefined };
  const given = settings.BOOTSTRAP_KEY ?? null;
  checkGivenKey(given);
  const onIgnored = (why: string): void => logger.warn({ category: 'start', code: 'key_not_taken' }, why);
  return {
    manageKeys,
    keys: { ring, watch, onUse: (keyId) => lastUse.note(keyId) },
    start() {
      void ensureFirstKey(store, { given, show: showOnce, onIgnored, onError }).then(() => watch.start());
    },
    stop: () => watch.stop(),
  };
}

/** To the person who starts the fleet, past the log: logs are kept. */
function showOnce(text: string): void {
  if (hasLauncher()) return void tellLauncher({ kind: 'first_key', key: text });
  process.stderr.write(
    `\nThe first API key of this fleet, with all rights. It is shown only this once:\n\n  ${text}\n\n`,
  );
}
