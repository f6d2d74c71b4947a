/** Two administrators at once: what each has read before the other wrote decides nothing. */
import { expect, it, onTestFinished } from 'vitest';
import { KeyRing } from '#access/key-ring';
import { ProblemError } from '#contract/problem';
import type { KeyRecord } from '#domain/key-record';
import { KeyStore } from '#queue/key-store';
import { QueueCorner } from '#testing/queue-corner';
import { signal } from '#testing/signal';
import { KeyWatch } from '../../apps/api/access/key-watch.js';
import { ManageKeys } from '../../apps/api/access/manage-keys.js';

/** Whose first two readers have both read before either goes on. */
class MeetingStore extends KeyStore {
  #readers = 0;
  readonly #met = signal();

  override async list(): Promise<KeyRecord[]> {
    const records = await super.list();
    this.#readers += 1;
    if (this.#readers === 2) this.#met.send();
    await this.#met.seen;
    return records;
  }
}

function managerOf(corner: QueueCorner, store: KeyStore): ManageKeys {
  // Looks at the keys by itself, and would take a reader's place.
  const watch = new KeyWatch(new KeyStore(corner.redis, corner.catalogue), new KeyRing(), corner.onError);
  onTestFinished(() => watch.stop());
  return new ManageKeys(store, watch);
}

it('of two administrators who revoke each other one stays', async () => {
  const corner = await QueueCorner.open();
  const plain = managerOf(corner, new KeyStore(corner.redis, corner.catalogue));
  const nobody = { client: 'admin', keyId: null, scopes: [] };
  const admin = { client: 'admin', name: null, scopes: ['admin'], expiresAtMs: null } as const;
  const ids = [await plain.create(admin, nobody), await plain.create(admin, nobody)].map(({ record }) => record.id);

  const manager = managerOf(corner, new MeetingStore(corner.redis, corner.catalogue));
  const answers = await Promise.allSettled(ids.map((id) => manager.revoke(id)));
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const [refused] = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []));
  expect(refused).toBeInstanceOf(ProblemError);
  const { records } = await plain.list();
  expect(records.filter(({ revokedAtMs }) => revokedAtMs === null)).toHaveLength(1);
});
