/**
 * `kill -9` of the worker in the middle of 2,000 predictions. What it held comes back by its locks and runs again at
 * another worker: none is lost, none ends twice, every answer is the right one, and no executor outlives its worker.
 */
import { expect, it } from 'vitest';
import { metric } from '#testing/http';
import { goldenWishes, wrongAbout } from '#testing/golden-work';
import { until } from '#testing/patience';
import { ended, forEach, get, submit } from '#testing/predictions';
import { isRunning } from '#testing/process-table';
import { fleetFor } from '../stage.js';

const PREDICTIONS = 2_000;
/** Lock of 10 s, check every 5 s, and one check that may be skipped. */
const TAKEOVER_MS = 20_000;

const fleet = fleetFor('test');

it('loses none and repeats none visibly, within 20 s of another worker`s life', async () => {
  const { api, worker: victim } = await fleet.pair();
  const executor = await victim.executor();
  const inHand = (): Promise<number> => metric(api.opsUrl, 'millrace_queue_jobs', { model: 'iris', state: 'active' });
  const wishes = await goldenWishes(PREDICTIONS);
  let accepted = 0;
  let death: Promise<unknown> = Promise.resolve();
  const ids = await forEach(wishes, 50, async (wish) => {
    const id = await submit(api, wish);
    accepted += 1;
    // Half is done or under way. Its executor stops here, so that whatever the timing the worker dies with its hands full.
    if (accepted === PREDICTIONS / 2) {
      process.kill(executor, 'SIGSTOP');
      death = until(async () => (await inHand()) > 0, { deadlineMs: 20_000, what: 'its hands to be full' }).then(() =>
        victim.kill(),
      );
    }
    return id;
  });
  await death;
  await until(async () => !(await isRunning(executor)), { deadlineMs: 20_000, what: 'the executor to die as well' });
  expect(new Set(ids).size).toBe(PREDICTIONS);
  const open = (await forEach(ids, 50, (id) => get(api, id))).filter(({ status }) => status !== 'succeeded').length;
  expect(open).toBeGreaterThan(0);
  expect(open).toBeLessThan(PREDICTIONS);

  const heir = await fleet.worker();
  const tookOver = Date.now();
  const finals = await forEach(ids, 50, (id) => ended(api, id, 3 * TAKEOVER_MS));
  // The last of them began in time; how long this test takes to ask for all of them is another matter.
  const lastStart = Math.max(...finals.map(({ started_at: startedAt }) => Date.parse(startedAt!)));
  expect(lastStart - tookOver).toBeLessThan(TAKEOVER_MS);
  expect(finals.flatMap((final, i) => wrongAbout(wishes[i]!, final) ?? []).slice(0, 3)).toEqual([]);
  // Envelopes did come back from the dead; without that this story would have shown nothing.
  expect(await metric(heir.opsUrl, 'millrace_envelopes_stalled_total')).toBeGreaterThan(0);
  expect(await forEach(ids, 50, (id) => get(api, id))).toEqual(finals);
});

it('leaves no executor behind when it is killed at rest', async () => {
  const worker = await fleet.worker({ EXECUTORS: '2' });
  const executors = await worker.executors();
  expect(executors).toHaveLength(2);
  await worker.kill();
  for (const pid of executors) {
    await until(async () => !(await isRunning(pid)), { deadlineMs: 20_000, what: `executor ${pid} to die` });
  }
});
