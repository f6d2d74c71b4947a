/**
 * The child process that runs the graphs dies: killed from outside it costs nobody anything; killed by a prediction
 * inside a micro-batch of 32, it costs that prediction alone, and an operator finds it as a failed job.
 */
import { describe, expect, inject, it } from 'vitest';
import { Catalogue } from '#queue/catalogue';
import { EnvelopeWriter } from '#queue/envelope-writer';
import { ModelQueues } from '#queue/model-queues';
import { goldenWishes, wrongAbout } from '#testing/golden-work';
import { call, metric } from '#testing/http';
import { shipped } from '#testing/models';
import { until } from '#testing/patience';
import { POISON } from '#testing/poison';
import { ended, forEach, IRIS, predict } from '#testing/predictions';
import { withRedis } from '#testing/redis-server';
import { startPoisonableWorker } from '../poisonable-worker.js';
import { fleetFor } from '../stage.js';

const fleet = fleetFor('test');

describe('an executor that is killed from outside', () => {
  it('fails nobody, under load and at rest', async () => {
    const { api, worker } = await fleet.pair();
    const readyExecutors = (): Promise<number> => metric(worker.opsUrl, 'millrace_executors_ready');
    const deaths = (): Promise<number> => metric(worker.opsUrl, 'millrace_executor_deaths_total', { cause: 'SIGKILL' });
    const killOne = async (): Promise<void> => {
      const [pid] = await worker.executors();
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
    };

    const wishes = await goldenWishes(2_000);
    let answered = 0;
    let second: Promise<void> = Promise.resolve();
    const wrong = await forEach(wishes, 50, async (wish) => {
      const prediction = await predict(api, wish);
      answered += 1;
      if (answered === 300) {
        await killOne();
        second = until(async () => (await readyExecutors()) === 1 && (await deaths()) === 1, {
          deadlineMs: 20_000,
          what: 'another executor to be ready',
        }).then(killOne);
      }
      return wrongAbout(wish, prediction);
    });
    expect(wrong.filter((line) => line !== null).slice(0, 3)).toEqual([]);
    await second;
    await until(async () => (await readyExecutors()) === 1 && (await deaths()) === 2, {
      deadlineMs: 20_000,
      what: 'the worker to have replaced both',
    });
    expect(await predict(api, IRIS)).toMatchObject({ status: 'succeeded' });
    expect(worker.isOver).toBe(false);
  });
});

describe('a prediction that kills its executor', () => {
  it('fails alone, out of a micro-batch of 32, and its 31 neighbours succeed', async () => {
    const api = await fleet.api();
    const ids = await submitTogether(32, 13);
    const { opsUrl } = await startPoisonableWorker(fleet.settings);

    const finals = await forEach(ids, 32, (id) => ended(api, id, 60_000));
    const guilty = finals[13]!;
    const others = finals.filter((_, row) => row !== 13);
    expect(guilty).toMatchObject({ status: 'failed', error_code: 'crashed', output: null });
    expect(guilty.error).toMatch(/SIGSEGV/);
    expect(others).toHaveLength(31);
    expect([...new Set(finals.map(({ attempts }) => attempts))]).toEqual([2]);
    expect([...new Set(others.map(({ status }) => status))]).toEqual(['succeeded']);
    // All 32 were in the micro-batch that died, so all 32 left their envelope to be tried alone.
    const counted = (): Promise<number[]> =>
      Promise.all(
        ['moved', 'succeeded', 'failed'].map((outcome) => metric(opsUrl, 'millrace_predictions_total', { outcome })),
      );
    // The worker counts when Redis has confirmed, and by then the API may have told of it.
    await until(async () => (await counted())[1] === 31, { deadlineMs: 20_000, what: 'the last one to be counted' });
    expect(await counted()).toEqual([32, 31, 1]);

    const board = `${api.opsUrl}/ops/queues/api/queues?activeQueue=iris-retry&status=failed&page=1`;
    const { queues } = (await call('GET', board)).json;
    const { jobs, counts } = queues.find(({ name }) => name === 'iris-retry')!;
    expect(counts.failed).toBe(1);
    expect(jobs).toHaveLength(1);
    expect(jobs[0]!.failedReason).toMatch(/^crashed: /);

    expect(await predict(api, IRIS)).toMatchObject({ status: 'succeeded' });
  });
});

/** Puts irises into one envelope; the one at `poisoned` kills. */
async function submitTogether(count: number, poisoned: number): Promise<string[]> {
  const { id: versionId, label: versionLabel, golden } = await shipped('iris');
  const prefix = fleet.settings['REDIS_PREFIX'] ?? '';
  return withRedis(inject('redisUrl'), async (redis) => {
    await redis.ping();
    const queues = new ModelQueues(redis, new Catalogue(prefix), () => undefined);
    const writer = new EnvelopeWriter(queues, `${prefix}:nobody`, () => null);
    const written = Array.from({ length: count }, (_, row) => {
      const input = { ...golden[0]!.input, ...(row === poisoned ? { sepal_length: POISON } : {}) };
      return writer.write({
        client: 'local',
        model: 'iris',
        versionId,
        versionLabel,
        input,
        metadata: null,
        priority: 'normal',
        deadlineAtMs: null,
        callback: null,
        trace: null,
        ownId: null,
      });
    });
    const ids = (await Promise.all(written)).map(({ id }) => id);
    expect(new Set(ids.map((id) => id.slice(0, -2))).size).toBe(1);
    return ids;
  });
}
