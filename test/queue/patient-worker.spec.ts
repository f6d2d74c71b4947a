import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { PatientWorker } from '#queue/patient-worker';
import { MODEL, QueueCorner, succeeded } from '#testing/queue-corner';
import type { TestRedis } from '#testing/redis-server';
import { signal } from '#testing/signal';
import { ownRedis } from '../stage.js';

/** Of its own: ioredis takes for answers what a busy server tells a monitor in the same breath as its yes. */
let server: TestRedis;

beforeAll(async () => {
  server = await ownRedis();
  await server.start();
});

afterAll(() => server.remove());

/** What Redis did for this corner's queue, in its order: each question for a job, and what the test has set. */
async function watched(corner: QueueCorner) {
  const tag = corner.catalogue.tag(MODEL);
  const seen: string[] = [];
  const monitor = await (await corner.connect()).monitor();
  onTestFinished(() => monitor.disconnect());
  const expected: { length: number; send: () => void }[] = [];
  monitor.on('monitor', (_time: string, [command = '', key = '']: string[]) => {
    const isQuestion = command.toLowerCase() === 'rpoplpush' && key.startsWith(tag) && key.endsWith(':wait');
    if (isQuestion) seen.push('asked');
    else if (command.toLowerCase() === 'zadd' && key === `${tag}:${MODEL}:completed`) seen.push('ended');
    else if (command.toLowerCase() === 'set' && key === `${tag}:began`) seen.push('began');
    else return;
    for (const { length, send } of expected) if (seen.length >= length) send();
  });
  return {
    async first(length: number): Promise<string[]> {
      const enough = signal();
      expected.push({ length, send: enough.send });
      if (seen.length < length) await enough.seen;
      return seen.slice(0, length);
    },
  };
}

describe('a worker with free slots', () => {
  it('starts the job that it has before it asks whether there is another', async () => {
    const corner = await QueueCorner.open(server.url);
    const commands = await watched(corner);
    const [row] = await corner.submit();
    const intake = corner.intake(
      async () => {
        await corner.redis.set(`${corner.catalogue.tag(MODEL)}:began`, '1', 'EX', 60);
        return { kind: 'outcomes', outcomes: [succeeded(1)] };
      },
      { slots: 16 },
    );
    expect(await commands.first(3)).toEqual(['asked', 'began', 'asked']);
    await intake.settled(row!);
  });

  it('leaves the next question to the end of a job that ends soon', async () => {
    const corner = await QueueCorner.open(server.url);
    const commands = await watched(corner);
    const { catalogue, redis } = corner;
    const run = () => redis.set(`${catalogue.tag(MODEL)}:began`, '1', 'EX', 60);
    const options = { connection: redis, prefix: catalogue.tag(MODEL), autorun: false, concurrency: 16 };
    const worker = new PatientWorker(catalogue.queue(MODEL), run, options, 60_000);
    onTestFinished(() => worker.close());
    worker.on('error', corner.onError);
    worker.run().catch(corner.onError);
    // It has found nothing, and is idle.
    await commands.first(1);
    await corner.submit();
    expect((await commands.first(5)).slice(1)).toEqual(['asked', 'began', 'ended', 'asked']);
  });

  it.each(['has work from the start', 'was idle'])('fills its slots nevertheless, where it %s', async (start) => {
    const corner = await QueueCorner.open(server.url);
    const commands = await watched(corner);
    const submit = async () => [await corner.submit(), await corner.submit(), await corner.submit()].flat();
    const early = start === 'was idle' ? [] : await submit();
    const [together, release] = [signal(), signal()];
    let running = 0;
    const intake = corner.intake(
      async () => {
        running += 1;
        if (running === 3) together.send();
        await release.seen;
        return { kind: 'outcomes', outcomes: [succeeded(1)] };
      },
      { slots: 3 },
    );
    if (early.length === 0) await commands.first(1);
    const rows = early.length === 0 ? await submit() : early;
    await together.seen;
    release.send();
    for (const row of rows) await intake.settled(row);
  });

  // A question that is not asked when Redis has said that there is a job would leave the job for seconds.
  it.each([1, 2, 16])('leaves no job behind that comes when it has nothing to do, with %i slots', async (slots) => {
    const corner = await QueueCorner.open(server.url);
    const intake = corner.intake(() => Promise.resolve({ kind: 'outcomes', outcomes: [succeeded(1)] }), { slots });
    const longest = { ms: 0 };
    for (let i = 0; i < 200; i += 1) {
      const began = performance.now();
      const [row] = await corner.submit();
      await intake.settled(row!);
      longest.ms = Math.max(longest.ms, performance.now() - began);
    }
    // BullMQ would look again by itself, after five seconds.
    expect(longest.ms).toBeLessThan(4_000);
  });
});
