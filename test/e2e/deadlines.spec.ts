/**
 * Time: what has a deadline ends by it, what runs too long is stopped, and nobody else pays for either. The model is real
 * and inside one long native run; only the death of its process can end that.
 */
import { describe, expect, it } from 'vitest';
import { ENDED, ended, get, IRIS, post, predict } from '#testing/predictions';
import type { FleetProcess } from '#testing/fleet';
import { copySlowModel } from '#testing/models';
import { until } from '#testing/patience';
import { fleetOfTest } from '../stage.js';

/** Minutes. */
const LONG = { version: 'slow', input: { size: 4_000 } };
const SHORT = { version: 'slow', input: { size: 2 } };

async function submitted(api: FleetProcess, body: object, headers: Record<string, string> = {}): Promise<string> {
  const { status, json, text } = await post(api, body, headers);
  expect(status, text).toBe(201);
  return json.id;
}

async function running(api: FleetProcess, id: string): Promise<void> {
  await until(async () => (await get(api, id)).status === 'processing', { deadlineMs: 20_000, what: 'it to run' });
}

/** The worker is free again for others. */
async function expectServes(api: FleetProcess): Promise<void> {
  const began = Date.now();
  expect(await predict(api, SHORT)).toMatchObject({ status: 'succeeded', output: { value: 2 } });
  expect(Date.now() - began).toBeLessThan(5_000);
}

describe('a deadline', () => {
  it('that passes before the prediction has started aborts it, though no worker lives', async () => {
    const fleet = fleetOfTest();
    const api = await fleet.api();
    const id = await submitted(api, IRIS, { 'cancel-after': '1s' });
    const accepted = await get(api, id);
    expect(accepted).toMatchObject({ status: 'starting' });
    const aborted = await ended(api, id);
    expect(aborted).toMatchObject({ status: 'aborted', started_at: null, output: null });
    const late = Date.parse(aborted.completed_at!) - Date.parse(accepted.created_at);
    expect(late).toBeGreaterThanOrEqual(1_000);
    expect(late).toBeLessThan(1_100);
    // A worker that comes now does not run it.
    await fleet.worker();
    await predict(api, IRIS);
    expect(await get(api, id)).toEqual(aborted);
  });

  it('that passes while it runs stops it', async () => {
    const fleet = fleetOfTest({ MODELS_DIR: await copySlowModel() });
    const { api } = await fleet.pair();
    const id = await submitted(api, LONG, { 'cancel-after': '2s' });
    await running(api, id);
    const canceled = await ended(api, id);
    expect(canceled.status).toBe('canceled');
    expect(canceled.started_at).not.toBeNull();
    await expectServes(api);
    expect((await get(api, id)).status).toBe('canceled');
  });
});

describe('a cancel of what runs', () => {
  it('takes effect within a second, and its neighbours run again', async () => {
    const fleet = fleetOfTest({ MODELS_DIR: await copySlowModel() });
    const { api, worker } = await fleet.pair();
    const executor = await worker.executor();
    const id = await submitted(api, LONG);
    await running(api, id);
    const neighbour = await submitted(api, SHORT);
    const began = Date.now();
    const { json } = await api.call('POST', `/v1/predictions/${id}/cancel`);
    expect(json.status).toBe('canceled');
    await until(async () => !(await worker.executors()).includes(executor), { deadlineMs: 5_000, what: 'its end' });
    expect(Date.now() - began).toBeLessThan(1_000);
    expect(await ended(api, neighbour)).toMatchObject({ status: 'succeeded', output: { value: 2 } });
    expect((await get(api, id)).status).toBe('canceled');
  });
});

describe('a run that takes longer than its version allows', () => {
  it('is stopped and fails with timeout, while its neighbours get their answers', async () => {
    const models = await copySlowModel((manifest) => (manifest.timeout_ms = 1_500));
    const fleet = fleetOfTest({ MODELS_DIR: models });
    const { api } = await fleet.pair();
    const id = await submitted(api, LONG);
    const others = await Promise.all([1, 2, 3].map((size) => submitted(api, { ...SHORT, input: { size } })));
    for (const [i, other] of others.entries()) {
      expect(await ended(api, other)).toMatchObject({ status: 'succeeded', output: { value: i + 1 } });
    }
    const failed = await ended(api, id);
    expect(failed).toMatchObject({ status: 'failed', error_code: 'timeout' });
    await expectServes(api);
  });
});

describe('a low priority', () => {
  it('waits while others run, and runs', async () => {
    const fleet = fleetOfTest();
    const api = await fleet.api();
    const low = await submitted(api, { ...IRIS, priority: 'low' });
    expect(await get(api, low)).toMatchObject({ priority: 'low', status: 'starting' });
    const normal = await submitted(api, IRIS);
    await fleet.worker();
    expect(await ended(api, low)).toMatchObject({ status: 'succeeded', priority: 'low' });
    expect(await ended(api, normal)).toMatchObject({ status: 'succeeded', priority: 'normal' });
    const canceled = await api.call('POST', `/v1/predictions/${low}/cancel`);
    expect([canceled.status, ENDED.includes(String(canceled.json.status))]).toEqual([200, true]);
  });
});

it('what waits says how long it expects to', async () => {
  const fleet = fleetOfTest({ MODELS_DIR: await copySlowModel() });
  const { api } = await fleet.pair();
  const holding = await submitted(api, LONG);
  await running(api, holding);
  const waiting = await Promise.all(Array.from({ length: 30 }, () => submitted(api, SHORT)));
  const estimate = async (id: string): Promise<unknown> =>
    ((await get(api, id)) as unknown as { estimated_wait: number | null }).estimated_wait;
  const expected = await until(async () => estimate(waiting[29]!), { deadlineMs: 10_000, what: 'an estimate' });
  expect(expected).toBeGreaterThanOrEqual(0);
  expect(await estimate(holding)).toBeNull();
  await api.call('POST', `/v1/predictions/${holding}/cancel`);
  for (const id of waiting) expect(await ended(api, id)).toMatchObject({ status: 'succeeded' });
});
