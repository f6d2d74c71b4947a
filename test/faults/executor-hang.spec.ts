/** The child process that runs the graphs freezes and says nothing: it is ended, and meanwhile the worker says so. */
import { expect, it } from 'vitest';
import type { FleetProcess } from '#testing/fleet';
import { call, metric } from '#testing/http';
import { until } from '#testing/patience';
import { IRIS, predict } from '#testing/predictions';
import { fleetFor } from '../stage.js';

const fleet = fleetFor('test');

/** Status of /ready, and what metrics say of it in the same moment. */
async function readiness(worker: FleetProcess): Promise<{ status: number; ready: number; executors: number }> {
  const { status } = await call('GET', `${worker.opsUrl}/ready`);
  const ready = await metric(worker.opsUrl, 'millrace_ready');
  return { status, ready, executors: await metric(worker.opsUrl, 'millrace_executors_ready') };
}

/** A worker whose executor was frozen before it was ready; another one where it was quicker than this test. */
async function startingWorker(): Promise<FleetProcess> {
  for (;;) {
    const worker = fleet.launch('worker', { EXECUTOR_START_SECONDS: '10' });
    const [starting] = await until(
      async () => {
        const pids = await worker.executors();
        return pids.length > 0 && pids;
      },
      { deadlineMs: 30_000, what: 'an executor' },
    );
    process.kill(starting!, 'SIGSTOP');
    await worker.listening();
    if ((await metric(worker.opsUrl, 'millrace_executors_ready')) === 0) return worker;
    await worker.kill();
  }
}

it('a child that freezes between two runs costs its next predictions seconds, and fails none', async () => {
  const { api, worker } = await fleet.pair();
  const [frozen] = await worker.executors();
  process.kill(frozen!, 'SIGSTOP');
  expect(await predict(api, IRIS)).toMatchObject({ status: 'succeeded', attempts: 1 });
  expect(await metric(worker.opsUrl, 'millrace_executor_deaths_total', { cause: 'hung' })).toBe(1);
  expect(await worker.executors()).not.toContain(frozen);
  expect(await readiness(worker)).toEqual({ status: 200, ready: 1, executors: 1 });
});

it('a child that freezes while it starts is ended, and the worker is not ready until another one is', async () => {
  const worker = await startingWorker();
  expect(await readiness(worker)).toEqual({ status: 503, ready: 0, executors: 0 });
  const ended = (): Promise<number> => metric(worker.opsUrl, 'millrace_executor_deaths_total', { cause: 'no start' });
  await until(async () => (await ended()) >= 1, { deadlineMs: 20_000, what: 'the child to be ended' });
  await worker.ready();
  expect(await readiness(worker)).toEqual({ status: 200, ready: 1, executors: 1 });
});
