import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PredictionAddress } from '#domain/prediction-id';
import { Completions, type Notice } from '#queue/completions';
import { connectSubscriber } from '#queue/connection';
import { setMark } from '#queue/marks';
import { MODEL, newPrediction, QueueCorner, succeeded } from '#testing/queue-corner';
import { signal } from '#testing/signal';
import { AwaitPrediction } from '../../apps/api/await-prediction.js';

/** What one caller hears, and a promise for the nth notice. */
function listener(completions: Completions, { envelopeId, row }: PredictionAddress) {
  const heard: Notice[] = [];
  const signals = Array.from({ length: 5 }, () => signal());
  const stop = completions.onRow(envelopeId, row, (notice) => signals[heard.push(notice) - 1]?.send());
  return { heard, stop, nth: (n: number) => signals[n - 1]!.seen };
}

/** The same on a job's own channel, once the subscription stands. */
async function jobListener(completions: Completions, envelopeId: string) {
  const looks = Array.from({ length: 5 }, () => signal());
  let heard = 0;
  const stop = completions.onJob(MODEL, envelopeId, (notice) => {
    expect(notice).toEqual({ kind: 'look' });
    looks[heard++]?.send();
  });
  await looks[0]!.seen;
  return { stop, nth: (n: number) => looks[n]!.seen, count: () => heard - 1 };
}

describe('the process that enqueued', () => {
  it('hears of the end with the outcome inside, each caller of its own row', async () => {
    const corner = await QueueCorner.open();
    const completions = await corner.completions();
    const rows = await corner.submit(32);
    const [first, last] = [listener(completions, rows[0]!), listener(completions, rows[31]!)];
    corner.intake(async ({ envelope }) => ({ kind: 'outcomes', outcomes: envelope.rows.map((_, n) => succeeded(n)) }));
    await Promise.all([first.nth(1), last.nth(1)]);
    expect(first.heard).toMatchObject([{ kind: 'ended', success: { outputJson: '{"value":0}' } }]);
    expect(last.heard).toMatchObject([{ kind: 'ended', success: { outputJson: '{"value":31}' } }]);
    const { completedAtMs } = await corner.standing(rows[0]!);
    expect(first.heard).toMatchObject([{ endedAtMs: completedAtMs }]);
  });

  it('hears of a large outcome without it, and reads it where it stands', async () => {
    const corner = await QueueCorner.open();
    const completions = await corner.completions();
    const [row] = await corner.submit();
    const caller = listener(completions, row!);
    const large = { ...succeeded(1), outputJson: JSON.stringify({ text: 'x'.repeat(20_000) }) };
    corner.intake(async () => ({ kind: 'outcomes', outcomes: [large] }));
    await caller.nth(1);
    expect(caller.heard).toMatchObject([{ kind: 'ended', success: null }]);
    expect(await corner.standing(row!)).toMatchObject({ output: { text: 'x'.repeat(20_000) } });
  });

  it('hears of a mark before it hears of the end', async () => {
    const corner = await QueueCorner.open();
    const completions = await corner.completions();
    const [row, neighbour] = await corner.submit(2);
    const [marked, other] = [listener(completions, row!), listener(completions, neighbour!)];
    const release = signal();
    corner.intake(async () => {
      await release.seen;
      return { kind: 'outcomes', outcomes: [succeeded(0), succeeded(1)] };
    });
    const mark = { kind: 'canceled', atMs: Date.now() } as const;
    await setMark(corner.redis, corner.catalogue, { model: MODEL, ...row! }, mark);
    await marked.nth(1);
    release.send();
    await Promise.all([marked.nth(2), other.nth(1)]);
    expect(marked.heard).toMatchObject([{ kind: 'marked', mark }, { kind: 'ended' }]);
    expect(other.heard).toMatchObject([{ kind: 'ended', success: { outputJson: '{"value":1}' } }]);
  });

  it('hears of a failed retry job by the channel of that job', async () => {
    const corner = await QueueCorner.open();
    const completions = await corner.completions();
    const [row] = await corner.submit();
    const caller = await jobListener(completions, row!.envelopeId);
    corner.intake(async () => ({ kind: 'failed', reason: 'crashed: twice' }));
    await caller.nth(1);
    expect(await corner.standing(row!)).toMatchObject({ status: 'failed', failure: { code: 'crashed' } });
  });

  it('tells nobody who has stopped to listen', async () => {
    const corner = await QueueCorner.open();
    const completions = await corner.completions();
    const [row] = await corner.submit();
    const [gone, here] = [listener(completions, row!), listener(completions, row!)];
    gone.stop();
    corner.intake(async () => ({ kind: 'outcomes', outcomes: [succeeded(1)] }));
    await here.nth(1);
    expect(gone.heard).toEqual([]);
  });
});

describe('any other process', () => {
  it('hears on the job’s own channel that it is time to look', async () => {
    const corner = await QueueCorner.open();
    const completions = await corner.completions();
    // Nobody waits at its origin: nobody is told there.
    const { id } = await corner.writer.write(newPrediction());
    const envelopeId = id.slice(5, 31);
    const first = await jobListener(completions, envelopeId);
    const second = await jobListener(completions, envelopeId);
    first.stop();
    corner.intake(async () => ({ kind: 'outcomes', outcomes: [succeeded(1)] }));
    await second.nth(1);
    expect(first.count()).toBe(0);
  });

  it('is not held up by a connection for messages on which nothing comes', async () => {
    const corner = await QueueCorner.open();
    const silent = createServer();
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const subscriber = connectSubscriber(`redis://127.0.0.1:${port}`, () => undefined);
    onTestFinished(() => {
      subscriber.disconnect();
      silent.close();
    });
    const completions = new Completions(subscriber, corner.catalogue, corner.origin, corner.onError);
    const [row] = await corner.submit();
    const waiting = new AwaitPrediction(completions, corner.reader);
    const wait = (ms: number) => waiting.awaitAny({ model: MODEL, address: row! }, ms, () => false);
    expect(await wait(300)).toMatchObject({ standing: { status: 'starting' } });
    // It reads every two seconds.
    corner.intake(async () => ({ kind: 'outcomes', outcomes: [succeeded(7)] }));
    expect(await wait(30_000)).toMatchObject({ standing: { status: 'succeeded', output: { value: 7 } } });
  });
});
