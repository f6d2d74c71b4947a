import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { formatFailure } from '#domain/failure';
import { newEnvelopeId } from '#domain/prediction-id';
import { modelCode } from '#queue/catalogue';
import { addRetryJobs } from '#queue/retry-job';
import { StartReporter } from '#queue/starts';
import { MODEL, QueueCorner, succeeded } from '#testing/queue-corner';
import { signal } from '#testing/signal';

const HOUR_MS = 3_600_000;

/** Only the clock stands still; timers and Redis go on. */
function stopClock(): (atMs: number) => void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  onTestFinished(() => void vi.useRealTimers());
  return (atMs) => void vi.setSystemTime(atMs);
}

it('follows a prediction from starting over processing to its end, in one envelope with its neighbours', async () => {
  const corner = await QueueCorner.open();
  const rows = await corner.submit(40, { awaited: false });
  const last = rows[39]!;
  expect(await corner.standing(last)).toMatchObject({ status: 'starting', startedAtMs: null });

  const release = signal();
  const starts = new StartReporter(corner.redis, corner.onError);
  const intake = corner.intake(async ({ jobKey, envelope }) => {
    starts.started(jobKey, 39, 1_700_000_000_000);
    await release.seen;
    return { kind: 'outcomes', outcomes: envelope.rows.map((_, n) => succeeded(n)) };
  });
  await vi.waitFor(async () => expect(await corner.status(last)).toBe('processing'), { timeout: 20_000, interval: 10 });
  expect(await corner.status(rows[0]!)).toBe('starting');

  release.send();
  await intake.settled(last);
  expect(await corner.standing(last)).toMatchObject({
    status: 'succeeded',
    output: { value: 39 },
    startedAtMs: 1_700_000_000_000,
    batchSize: 1,
  });
  // Rows of both blocks.
  for (const n of [0, 31, 32]) expect(await corner.standing(rows[n]!)).toMatchObject({ output: { value: n } });
});

it('gives back what was submitted', async () => {
  const corner = await QueueCorner.open();
  const [, second] = await corner.submit(2);
  expect(await corner.reader.read(MODEL, second!)).toMatchObject({
    submission: { client: 'local', model: MODEL, input: { n: 1 }, versionLabel: '1.0.0', metadata: null },
  });
});

describe('an id', () => {
  const address = (envelopeId: string, row = 0) => ({ modelCode: modelCode(MODEL), envelopeId, row });

  it('that nobody has had is unknown, or expired where its time is over anyway', async () => {
    const corner = await QueueCorner.open();
    const now = Date.now();
    expect(await corner.reader.read(MODEL, address(newEnvelopeId('i', now)))).toBe('unknown');
    expect(await corner.reader.read(MODEL, address(newEnvelopeId('i', now - HOUR_MS - 1_000)))).toBe('expired');
  });

  it('of a row that its envelope does not have is unknown', async () => {
    const corner = await QueueCorner.open();
    const [{ envelopeId } = { envelopeId: '' }] = await corner.submit(2);
    expect(await corner.reader.read(MODEL, address(envelopeId, 2))).toBe('unknown');
  });

  it('of another model is unknown', async () => {
    const corner = await QueueCorner.open();
    const [row] = await corner.submit();
    expect(await corner.reader.read('churn', row!)).toBe('unknown');
  });
});

describe('the time of a result', () => {
  // BullMQ removes ended jobs only when another one ends; in a quiet queue none does.
  it('ends by the clock in a quiet queue, though Redis still holds it', async () => {
    const corner = await QueueCorner.open();
    const [row] = await corner.submit();
    await corner.intake(async () => ({ kind: 'outcomes', outcomes: [succeeded(1)] })).settled(row!);
    const { completedAtMs } = await corner.standing(row!);
    const setClock = stopClock();
    setClock(completedAtMs! + HOUR_MS);
    expect(await corner.status(row!)).toBe('succeeded');
    setClock(completedAtMs! + HOUR_MS + 1);
    expect(await corner.reader.read(MODEL, row!)).toBe('expired');
  });

  it('does not end while it waits, however long that takes', async () => {
    const corner = await QueueCorner.open();
    const [row] = await corner.submit();
    stopClock()(Date.now() + 24 * HOUR_MS);
    expect(await corner.status(row!)).toBe('starting');
  });
});

describe('a row that runs again in its retry job', () => {
  /** An envelope whose second row has left for a retry job, and that has not ended. */
  async function movedRow(corner: QueueCorner) {
    const rows = await corner.submit(2);
    const [moved, release] = [signal(), signal()];
    const intake = corner.intake(async ({ jobId, envelope }) => {
      await addRetryJobs(corner.queues, jobId, envelope, [1], { reason: 'test', attempts: 1 });
      moved.send();
      await release.seen;
      return { kind: 'outcomes', outcomes: [succeeded(0), { kind: 'moved', run: null }] };
    });
    await moved.seen;
    const settle = async (): Promise<void> => {
      release.send();
      await intake.settled(rows[1]!);
    };
    return { row: rows[1]!, neighbour: rows[0]!, settle };
  }
  const retryEnded = ({ envelopeId, row }: { envelopeId: string; row: number }) => ({
    envelopeId: `${envelopeId}-${row}-r`,
    row: 0,
    modelCode: '',
  });

  it('is told by the retry job, but not before its envelope has ended', async () => {
    const corner = await QueueCorner.open();
    const { row, neighbour, settle } = await movedRow(corner);
    const retry = corner.intake(async () => ({ kind: 'outcomes', outcomes: [succeeded(7)] }), { kind: 'retry' });
    await retry.settled(retryEnded(row));
    expect(await corner.status(row)).toBe('starting');
    await settle();
    expect(await corner.standing(row)).toMatchObject({ status: 'succeeded', output: { value: 7 } });
    expect(await corner.standing(neighbour)).toMatchObject({ output: { value: 0 } });
  });

  it('waits on, and fails by the retry job: one failed job, of one prediction', async () => {
    const corner = await QueueCorner.open();
    const { row, settle } = await movedRow(corner);
    await settle();
    expect(await corner.status(row)).toBe('starting');
    const reason = formatFailure({ code: 'crashed', message: 'It died twice.' });
    await corner.intake(async () => ({ kind: 'failed', reason }), { kind: 'retry' }).settled(retryEnded(row));
    expect(await corner.standing(row)).toMatchObject({
      status: 'failed',
      failure: { code: 'crashed', message: 'It died twice.' },
    });
    expect(await corner.queues.of(MODEL).retry.getFailedCount()).toBe(1);
    expect(await corner.queues.of(MODEL).interactive.getFailedCount()).toBe(0);
  });

  it('is still found when the record of its envelope is gone', async () => {
    const corner = await QueueCorner.open();
    const { row, settle } = await movedRow(corner);
    await settle();
    await corner.redis.del(corner.catalogue.envelopeKey(MODEL, row.envelopeId));
    await corner
      .intake(async () => ({ kind: 'outcomes', outcomes: [succeeded(7)] }), { kind: 'retry' })
      .settled(retryEnded(row));
    expect(await corner.reader.read(MODEL, row)).toMatchObject({
      submission: { input: { n: 1 } },
      standing: { status: 'succeeded', output: { value: 7 } },
    });
  });
});
