import { describe, expect, it } from 'vitest';
import type { TakenEnvelope } from '#queue/taken-envelope';
import { MODEL, QueueCorner, succeeded } from '#testing/queue-corner';
import { signal } from '#testing/signal';

/** A worker that tells what it has taken and, once released, settles with the given number. */
function slowWorker(corner: QueueCorner, value: number) {
  const [taken, release] = [signal<TakenEnvelope>(), signal()];
  const intake = corner.intake(async (envelope) => {
    taken.send(envelope);
    await release.seen;
    return { kind: 'outcomes', outcomes: [succeeded(value)] };
  });
  return { intake, taken: taken.seen, release: () => release.send() };
}

/** The zombie settles, and Redis refuses it. */
async function refusalOf(corner: QueueCorner, zombie: ReturnType<typeof slowWorker>): Promise<void> {
  const refused = corner.reported(({ message }) => /lock/i.test(message));
  zombie.release();
  await refused;
}

describe('a worker that has lost its lock', () => {
  it('cannot publish: the outcome of who holds it is the only one that anybody sees', async () => {
    const corner = await QueueCorner.open();
    const [row] = await corner.submit();
    const zombie = slowWorker(corner, 666);
    await zombie.taken;
    await corner.loseLock(row!);
    const winner = slowWorker(corner, 1);
    expect(await winner.taken).toMatchObject({ stalls: 1, retaken: true });

    // The zombie comes back while the winner works.
    await refusalOf(corner, zombie);
    expect(await corner.status(row!)).toBe('starting');
    expect([zombie.intake.lostLocks, winner.intake.lostLocks]).toEqual([1, 0]);

    winner.release();
    expect(await winner.intake.settled(row!)).toMatchObject({ succeeded: 1 });
    expect(await corner.standing(row!)).toMatchObject({ status: 'succeeded', output: { value: 1 } });
    expect(winner.intake.stalls).toBe(1);
  });

  it('changes nothing when it comes after the end, and what it wrote expires', async () => {
    const corner = await QueueCorner.open();
    const [row] = await corner.submit();
    const zombie = slowWorker(corner, 666);
    await zombie.taken;
    await corner.loseLock(row!);
    const winner = slowWorker(corner, 1);
    await winner.taken;
    winner.release();
    await winner.intake.settled(row!);
    const before = await corner.standing(row!);

    await refusalOf(corner, zombie);
    expect(await corner.standing(row!)).toEqual(before);
    const written = await corner.redis.keys(`${corner.catalogue.outcomesPrefix(MODEL)}*`);
    expect(written).toHaveLength(2);
    for (const key of written) expect(await corner.redis.ttl(key)).toBeGreaterThan(3_600);
  });

  it('is not told of, neither before the end nor after it', async () => {
    const corner = await QueueCorner.open();
    const [row] = await corner.submit();
    const notices: unknown[] = [];
    const completions = await corner.completions();
    completions.onRow(row!.envelopeId, 0, (notice) => notices.push(notice));
    const zombies = [slowWorker(corner, 666)];
    await zombies[0]!.taken;
    await corner.loseLock(row!);
    zombies.push(slowWorker(corner, 667));
    await zombies[1]!.taken;
    await corner.loseLock(row!);
    const winner = slowWorker(corner, 1);
    await winner.taken;

    await refusalOf(corner, zombies[0]!);
    winner.release();
    await winner.intake.settled(row!);
    await refusalOf(corner, zombies[1]!);
    // What was sent before this has been executed, and what was told has arrived.
    await corner.redis.ping();
    await new Promise<void>((stands) => completions.onJob(MODEL, 'another', () => stands()));
    // The end of the third attempt, which who waits reads.
    expect(notices).toMatchObject([{ kind: 'ended', success: null }]);
    expect(await corner.standing(row!)).toMatchObject({ output: { value: 1 }, attempts: 3 });
  });
});

describe('a worker that lets go', () => {
  it('hands the envelope back at once, and nobody takes that for a death', async () => {
    const corner = await QueueCorner.open();
    const [row] = await corner.submit();
    const takes: TakenEnvelope[] = [];
    const intake = corner.intake(async (taken) => {
      takes.push(taken);
      return takes.length === 1 ? { kind: 'handed_back' } : { kind: 'outcomes', outcomes: [succeeded(1)] };
    });
    await intake.settled(row!);
    expect(takes.map(({ stalls, retaken }) => ({ stalls, retaken }))).toEqual([
      { stalls: 0, retaken: false },
      { stalls: 0, retaken: true },
    ]);
    expect(await corner.status(row!)).toBe('succeeded');
  });

  it('leaves an envelope that it cannot serve to others, a moment later', async () => {
    const corner = await QueueCorner.open();
    const [row] = await corner.submit();
    const postponed = signal();
    let takes = 0;
    const intake = corner.intake(async () => {
      takes += 1;
      if (takes > 1) return { kind: 'outcomes', outcomes: [succeeded(1)] };
      postponed.send();
      return { kind: 'postponed' };
    });
    await postponed.seen;
    await intake.settled(row!);
    expect(await corner.status(row!)).toBe('succeeded');
  });

  it('takes no more once it is told to stop, and finishes what it has', async () => {
    const corner = await QueueCorner.open();
    const [first] = await corner.submit();
    const worker = slowWorker(corner, 1);
    await worker.taken;
    const [second] = await corner.submit();
    const stopped = worker.intake.stop();
    worker.release();
    await stopped;
    expect(await corner.status(first!)).toBe('succeeded');
    expect(await corner.status(second!)).toBe('starting');
    expect(await corner.queues.of(MODEL).interactive.getWaitingCount()).toBe(1);
  });
});

it('an infrastructure error is an attempt of the job and never an outcome', async () => {
  const corner = await QueueCorner.open();
  const [row] = await corner.submit();
  const reported = corner.reported(({ message }) => message === 'WRONGTYPE');
  let takes = 0;
  const failed = signal();
  const intake = corner.intake(async () => {
    takes += 1;
    if (takes > 1) return { kind: 'outcomes', outcomes: [succeeded(1)] };
    failed.send();
    throw new Error('WRONGTYPE');
  });
  await failed.seen;
  expect(await corner.status(row!)).toBe('starting');
  await intake.settled(row!);
  expect(await corner.status(row!)).toBe('succeeded');
  await reported;
  // The board shows what a job keeps: no stack, which names paths.
  const job = await corner.queues.of(MODEL).interactive.getJob(row!.envelopeId);
  expect(job?.stacktrace).toEqual([]);
});
