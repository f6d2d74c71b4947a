/**
 * Two administrators at once, and two processes that want to make the first key: what each has read before the other
 * wrote decides nothing.
 */
import { expect, it, onTestFinished } from 'vitest';
import { KeyRing } from '#access/key-ring';
import { ProblemError } from '#contract/problem';
import type { KeyRecord } from '#domain/key-record';
import { KeyStore } from '#queue/key-store';
import { QueueCorner } from '#testing/queue-corner';
import { signal } from '#testing/signal';
import { newApiKey } from '#access/api-key';
import { ensureFirstKey } from '../../apps/api/access/first-key.js';
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

const NOBODY = { client: 'admin', keyId: null, scopes: [] };
const ADMIN = { client: 'admin', name: null, scopes: ['admin'], expiresAtMs: null } as const;
const SHOP = { ...ADMIN, client: 'shop', scopes: ['predict'] } as const;

it('of two administrators who revoke each other one stays', async () => {
  const corner = await QueueCorner.open();
  const plain = managerOf(corner, new KeyStore(corner.redis, corner.catalogue));
  const ids = [await plain.create(ADMIN, NOBODY), await plain.create(ADMIN, NOBODY)].map(({ record }) => record.id);

  const manager = managerOf(corner, new MeetingStore(corner.redis, corner.catalogue));
  const answers = await Promise.allSettled(ids.map((id) => manager.revoke(id)));
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const [refused] = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []));
  expect(refused).toBeInstanceOf(ProblemError);
  const { records } = await plain.list();
  expect(records.filter(({ revokedAtMs }) => revokedAtMs === null)).toHaveLength(1);
});

/** What one process says that starts with keys on. */
async function firstKey(store: KeyStore, given: string | null = null): Promise<{ shown: string[]; said: string[] }> {
  const shown: string[] = [];
  const said: string[] = [];
  await ensureFirstKey(store, {
    given,
    show: (text) => shown.push(text),
    onIgnored: (why) => said.push(why),
    onError: (error) => {
      throw error;
    },
  });
  return { shown, said };
}

it.each([
  ['there is no key', null],
  ['no key has the scope admin', SHOP],
  ['the only key with the scope admin has expired', { ...ADMIN, expiresAtMs: Date.now() - 1 }],
])('makes a first key where %s, and of two processes at once one does', async (_where, made) => {
  const corner = await QueueCorner.open();
  const store = new KeyStore(corner.redis, corner.catalogue);
  if (made !== null) await managerOf(corner, store).create(made, NOBODY);
  const meeting = new MeetingStore(corner.redis, corner.catalogue);
  const both = await Promise.all([firstKey(meeting), firstKey(meeting)]);
  expect(both.flatMap(({ shown }) => shown)).toHaveLength(1);
  const firsts = (await store.list()).filter(({ name }) => name === 'first key');
  expect(firsts.map(({ scopes }) => scopes)).toEqual([['admin']]);
  expect(await firstKey(store)).toEqual({ shown: [], said: [] });
});

it('takes a key that is given where no administrator can enter, and says where it does not', async () => {
  const corner = await QueueCorner.open();
  const store = new KeyStore(corner.redis, corner.catalogue);
  const manager = managerOf(corner, store);
  await manager.create(SHOP, NOBODY);
  const given = newApiKey();
  expect(await firstKey(store, given)).toEqual({ shown: [], said: [] });
  expect((await store.list()).find(({ id }) => given.includes(id))).toMatchObject({ scopes: ['admin'] });
  // At the next start it is there already, which is nothing to speak of.
  expect(await firstKey(store, given)).toEqual({ shown: [], said: [] });
  const another = await firstKey(store, newApiKey());
  expect(another).toEqual({ shown: [], said: [expect.stringContaining('another key with the scope admin is valid')] });
  expect(await store.list()).toHaveLength(2);
});

it('does not bring a key back that was revoked, though it is given once more', async () => {
  const corner = await QueueCorner.open();
  const store = new KeyStore(corner.redis, corner.catalogue);
  const given = newApiKey();
  await firstKey(store, given);
  const [first] = await store.list();
  await store.change([{ from: first!, to: { ...first!, revokedAtMs: 1 } }]);
  const { shown, said } = await firstKey(store, given);
  expect([shown, said]).toEqual([[], [expect.stringContaining('it was revoked')]]);
  expect(await store.list()).toMatchObject([{ revokedAtMs: 1 }]);
});
