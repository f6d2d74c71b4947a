import { describe, expect, it } from 'vitest';
import type { PredictionAddress } from '#domain/prediction-id';
import type { Completions, Notice } from '#queue/completions';
import { setMark } from '#queue/marks';
import { MODEL, newPrediction, QueueCorner, succeeded } from '#testing/queue-corner';
import { signal } from '#testing/signal';

/** What one caller hears, and a promise for the nth notice. */
function listener(completions: Completions, { envelopeId, row }: PredictionAddress) {
  const heard: Notice[] = [];
  const signals = Array.from({ length: 5 }, () => signal());
  const stop = completions.onRow(envelopeId, row, (notice) => signals[heard.push(notice) - 1]?.send());
  return { heard, stop, nth: (n: number) => signals[n - 1]!.seen };
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
    const rung = signal<Notice>();
    await completions.onJob(MODEL, row!.envelopeId, rung.send);
    corner.intake(async () => ({ kind: 'failed', reason: 'crashed: twice' }));
    expect(await rung.seen).toEqual({ kind: 'look' });
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
    const [first, second] = [signal<Notice>(), signal<Notice>()];
    const stop = await completions.onJob(MODEL, envelopeId, first.send);
    await completions.onJob(MODEL, envelopeId, second.send);
    stop();
    corner.intake(async () => ({ kind: 'outcomes', outcomes: [succeeded(1)] }));
    expect(await second.seen).toEqual({ kind: 'look' });
    const early = await Promise.race([first.seen, Promise.resolve('nothing')]);
    expect(early).toBe('nothing');
  });
});
