import { expect, it, vi } from 'vitest';
import type { PredictionAddress } from '#domain/prediction-id';
import { setMark } from '#queue/marks';
import { StartReporter } from '#queue/starts';
import { MODEL, QueueCorner } from '#testing/queue-corner';

/** Reports starts of rows, and waits until the last one is to be seen. */
async function report(corner: QueueCorner, rows: readonly PredictionAddress[], atMs: number): Promise<void> {
  const starts = new StartReporter(corner.redis, corner.onError);
  for (const { envelopeId, row } of rows) starts.started(corner.catalogue.envelopeKey(MODEL, envelopeId), row, atMs);
  await vi.waitFor(async () => expect(await corner.status(rows.at(-1)!)).toBe('processing'), {
    timeout: 20_000,
    interval: 5,
  });
}

it('keeps the first start of a row, whoever runs it again', async () => {
  const corner = await QueueCorner.open();
  const [again, other] = await corner.submit(2);
  await report(corner, [again!], 1_700_000_000_000);
  await report(corner, [again!, other!], 1_700_000_009_000);
  expect((await corner.standing(again!)).startedAtMs).toBe(1_700_000_000_000);
  expect((await corner.standing(other!)).startedAtMs).toBe(1_700_000_009_000);
});

it('changes nothing about a row that was canceled before anybody saw it start', async () => {
  const corner = await QueueCorner.open();
  const [canceled, other] = await corner.submit(2);
  await setMark(corner.redis, corner.catalogue, { model: MODEL, ...canceled! }, { kind: 'canceled', atMs: Date.now() });
  const before = await corner.standing(canceled!);
  await report(corner, [canceled!, other!], 1_700_000_000_000);
  expect(await corner.standing(canceled!)).toEqual(before);
});

it('is silent about a job that ends within a moment: its outcomes say when they started', async () => {
  const corner = await QueueCorner.open();
  const [quick, slow] = [(await corner.submit())[0]!, (await corner.submit())[0]!];
  const starts = new StartReporter(corner.redis, corner.onError);
  const keys = [quick, slow].map(({ envelopeId }) => corner.catalogue.envelopeKey(MODEL, envelopeId));
  for (const key of keys) starts.started(key, 0, 1_700_000_000_000);
  starts.ended(keys[0]!);
  await vi.waitFor(async () => expect(await corner.status(slow)).toBe('processing'), { timeout: 20_000, interval: 5 });
  expect(await corner.status(quick)).toBe('starting');
});
