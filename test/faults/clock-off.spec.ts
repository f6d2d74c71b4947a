/** A process whose clock is off says so: deadlines, retries and signatures would go wrong without a word. */
import { expect, it } from 'vitest';
import { call } from '#testing/http';
import { until } from '#testing/patience';
import { fleetFor } from '../stage.js';

const fleet = fleetFor('test');

/** What a process is started with so that its clock is off. */
function shifted(ms: number): string {
  const module = `const now = Date.now; Date.now = () => now() + ${ms};`;
  return `--import=data:text/javascript,${encodeURIComponent(module)}`;
}

it.each(['api', 'worker', 'courier'] as const)('a clock that is 5 s ahead is told of by the %s', async (app) => {
  const process = await fleet.launch(app, { NODE_OPTIONS: shifted(5_000) }).listening();
  const { complaint } = await until(
    async () => {
      const { json } = await call('GET', `${process.opsUrl}/ready`);
      const complaint = JSON.stringify(json).match(/this machine's clock is [\d.]+ s ahead of Redis's/)?.[0];
      return complaint !== undefined && { complaint };
    },
    { deadlineMs: 20_000, what: 'the complaint' },
  );
  expect(Number(/[\d.]+/.exec(complaint)![0])).toBeCloseTo(5, 0);
  await process.line({ level: 'error', msg: complaint });
});

it('a clock that is right is not', async () => {
  const courier = await fleet.courier();
  expect((await call('GET', `${courier.opsUrl}/ready`)).json.status).toBe('ok');
});
