import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Backlog, unfinishedIn } from '#queue/backlog';
import { addRetryJobs } from '#queue/retry-job';
import { MODEL, QueueCorner, succeeded } from '#testing/queue-corner';
import { signal } from '#testing/signal';

function backlogOf(
  corner: QueueCorner,
  maxQueueDepth = 100,
  watch = { isUp: true, share: 0.1 },
  isDraining = (): boolean => false,
): Backlog {
  const limits = { maxQueueDepth, redisMemoryMark: 0.8, isDraining };
  return new Backlog(corner.queues, [MODEL], limits, watch, corner.onError);
}

describe('the depth of a queue', () => {
  it('counts predictions, not jobs: in envelopes of any size, and in retry jobs', async () => {
    const corner = await QueueCorner.open();
    const backlog = backlogOf(corner);
    expect(unfinishedIn(backlog.of(MODEL))).toBe(0);
    await corner.submit(30);
    await corner.submit(10);
    await backlog.look();
    expect(unfinishedIn(backlog.of(MODEL))).toBe(40);
    expect(backlog.of(MODEL)).toMatchObject({ jobs: { waiting: 2, active: 0 } });

    const [row] = await corner.submit(2);
    const [envelope] = await corner.queues.of(MODEL).interactive.getWaiting();
    await addRetryJobs(corner.queues, row!.envelopeId, envelope!.data as never, [0], { reason: 'test', attempts: 1 });
    await backlog.look();
    expect(unfinishedIn(backlog.of(MODEL))).toBe(43);
    expect(backlog.of(MODEL)).toMatchObject({ jobs: { waiting: 4 } });
  });

  it('counts what runs until it has ended', async () => {
    const corner = await QueueCorner.open();
    const backlog = backlogOf(corner);
    const [row] = await corner.submit();
    const [held, release] = [signal(), signal()];
    const intake = corner.intake(async () => {
      held.send();
      await release.seen;
      return { kind: 'outcomes', outcomes: [succeeded(1)] };
    });
    await held.seen;
    await backlog.look();
    expect(unfinishedIn(backlog.of(MODEL))).toBe(1);
    expect(backlog.of(MODEL)).toMatchObject({ jobs: { waiting: 0, active: 1, completed: 0 } });
    release.send();
    await intake.settled(row!);
    await backlog.look();
    expect(unfinishedIn(backlog.of(MODEL))).toBe(0);
    expect(backlog.of(MODEL)).toMatchObject({ jobs: { active: 0, completed: 1 } });
  });
});

it('knows since when the head of a queue waits, and what is dead', async () => {
  const corner = await QueueCorner.open();
  const backlog = backlogOf(corner);
  await backlog.look();
  expect(backlog.of(MODEL).byPriority.normal.oldestAtMs).toBeNull();
  const before = Date.now();
  await corner.submit();
  const [first] = await corner.queues.of(MODEL).interactive.getWaiting();
  await corner.submit();
  await backlog.look();
  const { byPriority, deadLetters } = backlog.of(MODEL);
  expect(byPriority.normal).toMatchObject({ waiting: 2, active: 0, oldestAtMs: first!.timestamp });
  expect(first!.timestamp).toBeGreaterThanOrEqual(before);
  expect(byPriority.low).toEqual({ waiting: 0, active: 0, delayed: 0, oldestAtMs: null });
  expect(deadLetters).toBe(0);
});

describe('room for one more', () => {
  it('ends at the limit, counted between two looks as well', async () => {
    const corner = await QueueCorner.open();
    const backlog = backlogOf(corner, 3);
    expect(backlog.roomFor(MODEL)).toEqual({ kind: 'room' });
    await corner.submit(2);
    for (let i = 0; i < 2; i += 1) backlog.accepted(MODEL);
    await backlog.look();
    expect(backlog.roomFor(MODEL)).toEqual({ kind: 'room' });
    backlog.accepted(MODEL);
    expect(backlog.roomFor(MODEL)).toEqual({ kind: 'queue_full', retryAfterS: 5 });
    // Each model has its own queue.
    expect(backlog.roomFor('churn')).toEqual({ kind: 'room' });
  });

  it('counts nothing twice that is accepted while Redis counts', async () => {
    const corner = await QueueCorner.open();
    for (let round = 0; round < 30; round += 1) {
      const backlog = backlogOf(corner, round + 2);
      const submitted = corner.submit().then(() => backlog.accepted(MODEL));
      // A little later each time, so that the submission is on its way, or told of, when Redis is asked.
      for (let turn = 0; turn < round % 6; turn += 1) await turnOfTheLoop();
      await Promise.all([submitted, backlog.look()]);
      expect(backlog.roomFor(MODEL).kind).toBe('room');
    }
  });

  it('is there again when the queue has drained', async () => {
    const corner = await QueueCorner.open();
    const backlog = backlogOf(corner, 2);
    const [row] = await corner.submit(2);
    await backlog.look();
    expect(backlog.roomFor(MODEL).kind).toBe('queue_full');
    await corner.intake(async () => ({ kind: 'outcomes', outcomes: [succeeded(0), succeeded(1)] })).settled(row!);
    await backlog.look();
    expect(backlog.roomFor(MODEL).kind).toBe('room');
  });

  it('ends long before Redis is full', async () => {
    const corner = await QueueCorner.open();
    const watch = { isUp: true, share: 0.79 };
    const backlog = backlogOf(corner, 100, watch);
    expect(backlog.roomFor(MODEL).kind).toBe('room');
    watch.share = 0.8;
    expect(backlog.roomFor(MODEL)).toEqual({ kind: 'storage_full', retryAfterS: 5 });
  });

  it('is there for what was accepted while a model drains, and for nothing new', async () => {
    const corner = await QueueCorner.open();
    const backlog = backlogOf(corner, 1, { isUp: true, share: 0.1 }, () => true);
    expect(backlog.roomForNew(MODEL)).toEqual({ kind: 'draining', retryAfterS: 30 });
    expect(backlog.roomFor(MODEL)).toEqual({ kind: 'room' });
    backlog.accepted(MODEL);
    expect(backlog.roomFor(MODEL)).toEqual({ kind: 'queue_full', retryAfterS: 5 });
  });

  it('is not refused for what is remembered of a Redis that does not answer', async () => {
    const corner = await QueueCorner.open();
    const watch = { isUp: true, share: 0.9 };
    const backlog = backlogOf(corner, 1, watch);
    await corner.submit();
    await backlog.look();
    expect(backlog.roomFor(MODEL).kind).toBe('storage_full');
    watch.isUp = false;
    // The write itself says what is wrong.
    expect(backlog.roomFor(MODEL).kind).toBe('room');
    watch.isUp = true;
    watch.share = 0.1;
    expect(backlog.roomFor(MODEL).kind).toBe('queue_full');
  });
});
