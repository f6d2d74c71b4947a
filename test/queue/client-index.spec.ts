/** The list of a client is bounded, cheap to write, and moves under nobody who reads it. */
import { expect, it } from 'vitest';
import { newEnvelopeId } from '#domain/prediction-id';
import { ClientIndex, placeOf } from '#queue/client-index';
import { MODEL, newPrediction, QueueCorner } from '#testing/queue-corner';

const ALL = { limit: 1_000, from: null, afterMs: null, beforeMs: null };
const DAY_MS = 24 * 3_600_000;

const rowsOf = (...clients: string[]): { client: string }[] => clients.map((client) => ({ client }));

async function opened() {
  const corner = await QueueCorner.open();
  return { corner, index: new ClientIndex(corner.redis, corner.catalogue) };
}

it('has one entry for an envelope of each client in it, with its rows', async () => {
  const { index } = await opened();
  const envelopeId = newEnvelopeId('i', Date.now());
  await index.note(MODEL, envelopeId, rowsOf('a', 'a', 'b', 'a', 'b', 'b', 'b'));
  expect(await index.entries('a', ALL)).toMatchObject([{ envelopeId, rows: [0, 1, 3] }]);
  expect(await index.entries('b', ALL)).toMatchObject([{ envelopeId, rows: [2, 4, 5, 6] }]);
  expect(await index.entries('c', ALL)).toEqual([]);
});

it('has an envelope once that was added again', async () => {
  const { index } = await opened();
  const envelopeId = newEnvelopeId('b', Date.now());
  for (let i = 0; i < 3; i += 1) await index.note(MODEL, envelopeId, rowsOf('a'));
  expect(await index.entries('a', ALL)).toHaveLength(1);
});

it('is in the order of time, whatever the queue, and goes on from a place that is gone', async () => {
  const { index } = await opened();
  const now = Date.now();
  const ids = [5, 1, 4, 2, 3].map((age) => ({ age, id: newEnvelopeId(age % 2 === 0 ? 'i' : 'b', now - age * 1_000) }));
  for (const { id } of ids) await index.note(MODEL, id, rowsOf('a'));
  const entries = await index.entries('a', ALL);
  const byAge = ids.sort((a, b) => a.age - b.age).map(({ id }) => id);
  expect(entries.map(({ envelopeId }) => envelopeId)).toEqual(byAge);
  const from = placeOf(byAge[2]!);
  await index.forget('a', [entries[2]!]);
  const behind = await index.entries('a', { ...ALL, from });
  expect(behind.map(({ envelopeId }) => envelopeId)).toEqual(byAge.slice(3));
});

it('leaves out what is older than a bound, and what is a while younger', async () => {
  const { index } = await opened();
  const now = Date.now();
  const at = [0, 60_000, 120_000].map((age) => newEnvelopeId('i', now - age));
  for (const id of at) await index.note(MODEL, id, rowsOf('a'));
  const found = await index.entries('a', { ...ALL, afterMs: now - 90_000, beforeMs: now - 30_000 });
  expect(found.map(({ envelopeId }) => envelopeId)).toEqual([at[1]]);
});

it('forgets what is older than its days, and expires when its client is silent', async () => {
  const { corner, index } = await opened();
  const key = corner.catalogue.clientIndexKey('a');
  const old = newEnvelopeId('i', Date.now() - 9 * DAY_MS);
  await index.note(MODEL, old, rowsOf('a'));
  // Another process trims with the first thing that it adds.
  await new ClientIndex(corner.redis, corner.catalogue).note(MODEL, newEnvelopeId('i', Date.now()), rowsOf('a'));
  expect((await index.entries('a', ALL)).map(({ envelopeId }) => envelopeId)).not.toContain(old);
  expect(await corner.redis.pttl(key)).toBeGreaterThan(7 * DAY_MS);
});

it('is written beside the envelope: what was accepted is in it', async () => {
  const { corner, index } = await opened();
  const written = await Promise.all(
    Array.from({ length: 30 }, () => corner.writer.write(newPrediction({ client: 'a' }))),
  );
  const entries = await index.entries('a', ALL);
  expect(entries.flatMap(({ rows }) => rows)).toHaveLength(written.length);
  expect(entries.length).toBeLessThan(5);
});
