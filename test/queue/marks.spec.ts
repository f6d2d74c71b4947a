import { describe, expect, it, onTestFinished } from 'vitest';
import type { Mark } from '#domain/mark';
import type { PredictionAddress } from '#domain/prediction-id';
import { retryJobId } from '#queue/catalogue';
import type { Notice } from '#queue/completions';
import { type MarkNotice, MarkFeed, setMark } from '#queue/marks';
import { addRetryJobs } from '#queue/retry-job';
import { addressOf, MODEL, newPrediction, QueueCorner, succeeded } from '#testing/queue-corner';
import { signal } from '#testing/signal';

const mark = () => ({ kind: 'canceled' as const, atMs: Date.now() });
const cancel = (
  corner: QueueCorner,
  row: PredictionAddress,
  set: Parameters<typeof setMark>[3] = mark(),
): Promise<boolean> => setMark(corner.redis, corner.catalogue, { model: MODEL, ...row }, set);

/** A worker that holds the envelope until it is released, and then succeeds with every row. */
function holding(corner: QueueCorner) {
  const [held, release] = [signal(), signal()];
  onTestFinished(() => release.send());
  const intake = corner.intake(async ({ envelope }) => {
    held.send();
    await release.seen;
    return { kind: 'outcomes', outcomes: envelope.rows.map((_, n) => succeeded(n)) };
  });
  return { held: held.seen, release: release.send, intake };
}

describe('a mark', () => {
  it('that comes before the end wins over the outcome, at once and for ever', async () => {
    const corner = await QueueCorner.open();
    const [row, neighbour] = await corner.submit(2);
    const { held, release, intake } = holding(corner);
    await held;
    const set = mark();
    expect(await cancel(corner, row!, set)).toBe(true);
    const canceled = await corner.standing(row!);
    expect(canceled).toMatchObject({ status: 'canceled', completedAtMs: set.atMs, output: null });
    release();
    await intake.settled(row!);
    expect(await corner.standing(row!)).toEqual(canceled);
    expect(await corner.status(neighbour!)).toBe('succeeded');
  });

  it('that comes after the end is refused, and the outcome stands', async () => {
    const corner = await QueueCorner.open();
    const [row] = await corner.submit();
    await corner.intake(async () => ({ kind: 'outcomes', outcomes: [succeeded(1)] })).settled(row!);
    const before = await corner.standing(row!);
    expect(await cancel(corner, row!)).toBe(false);
    expect(await corner.standing(row!)).toEqual(before);
  });

  it('is set once: the second changes nothing', async () => {
    const corner = await QueueCorner.open();
    const [row] = await corner.submit();
    expect(await cancel(corner, row!, { kind: 'canceled', atMs: 5_000_000_000_000 })).toBe(true);
    expect(await cancel(corner, row!, { kind: 'deadline', atMs: 6_000_000_000_000 })).toBe(false);
    expect(await corner.standing(row!)).toMatchObject({ status: 'canceled', completedAtMs: 5_000_000_000_000 });
  });

  it('of a prediction that nobody has is refused, and leaves nothing behind', async () => {
    const corner = await QueueCorner.open();
    const row = { modelCode: '', envelopeId: 'i'.padEnd(26, '0'), row: 0 };
    expect(await cancel(corner, row)).toBe(false);
    expect(await corner.redis.exists(corner.catalogue.envelopeKey(MODEL, row.envelopeId))).toBe(0);
  });

  it('reaches a moved row in its retry job', async () => {
    const corner = await QueueCorner.open();
    const [row] = await corner.submit();
    const moved = corner.intake(async ({ jobId, envelope }) => {
      await addRetryJobs(corner.queues, jobId, envelope, [0], { reason: 'test', attempts: 1 });
      return { kind: 'outcomes', outcomes: [{ kind: 'moved', run: null }] };
    });
    await moved.settled(row!);
    expect(await cancel(corner, row!)).toBe(true);
    expect(await corner.status(row!)).toBe('canceled');
  });

  it('of a row that then moves goes with it: its retry job is kept for longer than its envelope', async () => {
    const corner = await QueueCorner.open();
    const [row] = await corner.submit();
    const set = mark();
    const moved = corner.intake(async ({ jobId, envelope }) => {
      await cancel(corner, row!, set);
      await addRetryJobs(corner.queues, jobId, envelope, [0], { reason: 'test', attempts: 1 });
      return { kind: 'outcomes', outcomes: [{ kind: 'moved', run: null }] };
    });
    await moved.settled(row!);
    const ran = corner.intake(async () => ({ kind: 'outcomes', outcomes: [succeeded(42)] }), { kind: 'retry' });
    await ran.settledBy(retryJobId(row!.envelopeId, 0)).seen;
    const canceled = { status: 'canceled', completedAtMs: set.atMs, output: null };
    expect(await corner.standing(row!)).toMatchObject(canceled);
    await corner.redis.del(corner.catalogue.envelopeKey(MODEL, row!.envelopeId));
    expect(await corner.standing(row!)).toMatchObject(canceled);
  });

  it('is set beside what this Redis cannot read as JSON', async () => {
    const corner = await QueueCorner.open();
    const { id } = await corner.writer.write(newPrediction({ metadata: { a: '\ud800' } }));
    const row = addressOf(id);
    const completions = await corner.completions();
    const heard = signal<Notice>();
    onTestFinished(completions.onRow(row.envelopeId, row.row, heard.send));
    const set = mark();
    expect(await cancel(corner, row, set)).toBe(true);
    expect(await heard.seen).toEqual({ kind: 'marked', mark: set });
    expect(await corner.status(row)).toBe('canceled');
  });
});

// Cancel and end race in Redis alone, and whoever asks is told who won.
it('never lets cancel and end both win, or neither', async () => {
  const corner = await QueueCorner.open();
  const rows = await corner.submit(64, { awaited: false });
  const other = await corner.connect();
  const { held, release, intake } = holding(corner);
  await held;
  const wins: boolean[] = [];
  for (const [n, row] of rows.entries()) {
    // From here on the end may fall between any two marks.
    if (n === 8) release();
    wins.push(await setMark(other, corner.catalogue, { model: MODEL, ...row }, mark()));
  }
  await intake.settled(rows[0]!);
  const statuses = await Promise.all(rows.map((row) => corner.status(row)));
  expect(statuses).toEqual(wins.map((won) => (won ? 'canceled' : 'succeeded')));
});

describe('who has to know', () => {
  it('is the worker that holds the envelope, for marks of while it does', async () => {
    const corner = await QueueCorner.open();
    const [row] = await corner.submit(3);
    const heard = signal<MarkNotice>();
    const feed = new MarkFeed(await corner.connect('subscriber'), corner.catalogue, heard.send);
    await feed.start([MODEL, 'churn']);
    await cancel(corner, { ...row!, row: 2 }, { kind: 'canceled', atMs: 1_700_000_000_000 });
    expect(await heard.seen).toEqual({
      kind: 'row',
      jobId: row!.envelopeId,
      row: 2,
    });
  });

  it('is the worker that takes the envelope, for marks of before', async () => {
    const corner = await QueueCorner.open();
    const rows = await corner.submit(3);
    const set = mark();
    await cancel(corner, rows[1]!, set);
    const taken = signal<[number, Mark][]>();
    const intake = corner.intake(async ({ marks }) => {
      taken.send([...marks]);
      return { kind: 'outcomes', outcomes: [succeeded(0), { kind: 'dropped' }, succeeded(2)] };
    });
    expect(await taken.seen).toEqual([[1, set]]);
    expect(await intake.settled(rows[0]!)).toEqual({ succeeded: 2, failed: 0, moved: 0, dropped: 1 });
    expect(await Promise.all(rows.map((row) => corner.status(row)))).toEqual(['succeeded', 'canceled', 'succeeded']);
  });
});
