/** An id of a client's own is remembered as long as it names something, and for a day at least. */
import { expect, it } from 'vitest';
import { newEnvelopeId } from '#domain/prediction-id';
import { OwnIds } from '#queue/own-ids';
import type { Claim } from '#queue/reservations';
import { MODEL, newPrediction, QueueCorner } from '#testing/queue-corner';

const DAY_MS = 24 * 3_600_000;

const claim = (): Claim => ({
  model: MODEL,
  fingerprint: 'body',
  versionId: 'a'.repeat(64),
  envelopeId: newEnvelopeId('i', Date.now()),
  createdAtMs: Date.now(),
});

async function accepted(corner: QueueCorner, ids: OwnIds, id: string): Promise<Claim> {
  const fresh = claim();
  await ids.reserve('a', id, fresh);
  await corner.writer.write(newPrediction({ client: 'a', ownId: id }), { envelopeId: fresh.envelopeId });
  await ids.accept('a', id);
  return fresh;
}

it('outlives a day where its prediction still waits, and is free again where that is gone', async () => {
  const corner = await QueueCorner.open();
  const ids = new OwnIds(corner.queues, 3_600);
  const kept = await accepted(corner, ids, 'kept');
  const gone = await accepted(corner, ids, 'gone');
  await corner.queues.of(MODEL).interactive.remove(gone.envelopeId);

  await ids.sweep(MODEL, Date.now() + DAY_MS - 60_000);
  expect(await ids.find('a', 'gone')).toEqual(gone);

  await ids.sweep(MODEL, Date.now() + DAY_MS + 60_000);
  expect(await ids.find('a', 'kept')).toEqual(kept);
  expect(await ids.find('a', 'gone')).toBeNull();
  // The one that is kept is looked at again, a day later.
  await corner.queues.of(MODEL).interactive.remove(kept.envelopeId);
  await ids.sweep(MODEL, Date.now() + DAY_MS + 120_000);
  expect(await ids.find('a', 'kept')).toEqual(kept);
  await ids.sweep(MODEL, Date.now() + 3 * DAY_MS);
  expect(await ids.find('a', 'kept')).toBeNull();
});

it('is not let go of for a prediction that had it before', async () => {
  const corner = await QueueCorner.open();
  const ids = new OwnIds(corner.queues, 3_600);
  const before = await accepted(corner, ids, 'same');
  await corner.queues.of(MODEL).interactive.remove(before.envelopeId);
  // As after a day in which there was no janitor.
  await corner.redis.del(corner.catalogue.reservationKey('a', 'put same'));
  const now = await accepted(corner, ids, 'same');
  await ids.sweep(MODEL, Date.now() + DAY_MS + 60_000);
  expect(await ids.find('a', 'same')).toEqual(now);
});

it('lives as long as results do, where those live longer', async () => {
  const corner = await QueueCorner.open();
  const ids = new OwnIds(corner.queues, 7 * 24 * 3_600);
  await accepted(corner, ids, 'long');
  expect(await corner.redis.pttl(corner.catalogue.reservationKey('a', 'put long'))).toBeGreaterThan(7 * DAY_MS);
});

it('is looked at in one sweep with all others whose day is over, however many', async () => {
  const corner = await QueueCorner.open();
  const ids = new OwnIds(corner.queues, 3_600);
  const names = Array.from({ length: 1_200 }, (_, n) => `gone-${n}`);
  for (let i = 0; i < names.length; i += 100) {
    await Promise.all(names.slice(i, i + 100).map((name) => ids.reserve('a', name, claim())));
  }
  const kept = await accepted(corner, ids, 'kept');
  await ids.sweep(MODEL, Date.now() + DAY_MS + 60_000);
  expect(await ids.find('a', 'kept')).toEqual(kept);
  const left = await corner.redis.zrange(corner.catalogue.ownIdsKey(MODEL), 0, '-1');
  expect(left).toEqual([expect.stringContaining(kept.envelopeId)]);
  expect(await corner.redis.exists(...names.map((name) => corner.catalogue.reservationKey('a', `put ${name}`)))).toBe(
    0,
  );
});
