/** Where cores are short, a worker lets the API and its own executors go first. */
import { getPriority } from 'node:os';
import { expect, it } from 'vitest';
import { IRIS, predict } from '#testing/predictions';
import { fleetFor } from '../stage.js';

const fleet = fleetFor('test');

it('gives way with its own thread, and not with the graphs that it runs', async () => {
  const { api, worker } = await fleet.pair();
  const ours = getPriority();
  expect(getPriority(api.pid)).toBe(ours);
  expect(getPriority(worker.pid)).toBe(Math.max(10, ours));
  expect(getPriority(await worker.executor())).toBe(ours);
  await predict(api, IRIS);
});
