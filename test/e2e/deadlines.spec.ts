/**
 * Time: what has a deadline ends by it, what runs too long is stopped, and nobody else pays for either. The model is real
 * and inside one long native run; only the death of its process can end that.
 */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { Catalogue } from '#queue/catalogue';
import { Fleet as LiveWorkers } from '#queue/fleet';
import { ENDED, ended, get, IRIS, post, predict } from '#testing/predictions';
import type { Fleet, FleetProcess } from '#testing/fleet';
import { call } from '#testing/http';
import { copySlowModel } from '#testing/models';
import { until } from '#testing/patience';
import { withRedis } from '#testing/redis-server';
import { fleetOfTest } from '../stage.js';

/** Minutes. */
const LONG = { version: 'slow', input: { size: 4_000 } };
const SHORT = { version: 'slow', input: { size: 2 } };

/** A part of a second. */
const BRIEF = { version: 'slow', input: { size: 300 } };

async function submitted(api: FleetProcess, body: object, headers: Record<string, string> = {}): Promise<string> {
  const { status, json, text } = await post(api, body, headers);
  expect(status, text).toBe(201);
  return json.id;
}

async function running(api: FleetProcess, id: string): Promise<void> {
  await until(async () => (await get(api, id)).status === 'processing', { deadlineMs: 20_000, what: 'it to run' });
}

/** A worker has that many jobs of the queue in its hands. */
async function inHand(api: FleetProcess, queue: string, jobs: number): Promise<void> {
  const board = `${api.opsUrl}/ops/queues/api/queues?activeQueue=${queue}&status=active&page=1`;
  await until(
    async () => {
      const { queues } = (await call('GET', board)).json;
      return queues.find(({ name }) => name === queue)?.counts['active'] === jobs;
    },
    { deadlineMs: 20_000, what: `${jobs} jobs of ${queue} to be in hand` },
  );
}

/** The worker is free again for others: what held it would have held it for minutes. */
async function expectServes(api: FleetProcess): Promise<void> {
  const { json } = await post(api, SHORT, { prefer: 'wait=30' });
  expect(json).toMatchObject({ status: 'succeeded', output: { value: 2 } });
}

describe('a deadline', () => {
  it('that passes before the prediction has started aborts it, though no worker lives', async () => {
    const fleet = fleetOfTest();
    const api = await fleet.api();
    const sentAt = Date.now();
    const id = await submitted(api, IRIS, { 'cancel-after': '4s' });
    const answeredAt = Date.now();
    const accepted = await get(api, id);
    expect(accepted).toMatchObject({ status: 'starting' });
    const aborted = await ended(api, id);
    expect(aborted).toMatchObject({ status: 'aborted', started_at: null, output: null });
    // It is counted from the arrival, and ends at that moment, whenever somebody comes to end it.
    const endedAt = Date.parse(aborted.completed_at!);
    expect(endedAt).toBeGreaterThanOrEqual(sentAt + 4_000);
    expect(endedAt).toBeLessThanOrEqual(answeredAt + 4_000);
    // A worker that comes now does not run it.
    await fleet.worker();
    await predict(api, IRIS);
    expect(await get(api, id)).toEqual(aborted);
  });

  it('that passes while it runs stops it', async () => {
    const fleet = fleetOfTest({ MODELS_DIR: await copySlowModel() });
    const { api } = await fleet.pair();
    const id = await submitted(api, LONG, { 'cancel-after': '5s' });
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
    const { json } = await api.call('POST', `/v1/predictions/${id}/cancel`);
    expect(json.status).toBe('canceled');
    // By the clocks of who was told and of who ended it: to look for processes takes time of its own.
    const { time } = await worker.line({ msg: 'an executor was ended because what it ran was canceled' });
    expect(Date.parse(String(time)) - Date.parse(json.completed_at!)).toBeLessThan(1_000);
    await until(async () => !(await worker.executors()).includes(executor), { deadlineMs: 20_000, what: 'its end' });
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
  it('runs behind every normal prediction that waits, though it came first', async () => {
    const fleet = fleetOfTest({ MODELS_DIR: await copySlowModel(), EXECUTORS: '1' });
    const { api } = await fleet.pair();
    const holding = await submitted(api, LONG);
    await running(api, holding);
    const low = await submitted(api, { ...BRIEF, priority: 'low' });
    await inHand(api, 'slow-bulk', 1);
    const normal: string[] = [];
    for (let i = 0; i < 8; i += 1) normal.push(await submitted(api, BRIEF));
    await inHand(api, 'slow', 1 + normal.length);
    await api.call('POST', `/v1/predictions/${holding}/cancel`);
    const startOf = async (id: string): Promise<number> => {
      const { status, started_at: startedAt } = await ended(api, id);
      expect(status).toBe('succeeded');
      return Date.parse(startedAt ?? '');
    };
    const starts = await Promise.all(normal.map(startOf));
    expect(await startOf(low)).toBeGreaterThan(Math.max(...starts));
  });

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

describe('what waits', () => {
  const estimate = async (api: FleetProcess, id: string): Promise<number | null> => (await get(api, id)).estimated_wait;

  it('says nothing of how long where nobody works', async () => {
    const api = await fleetOfTest().api();
    expect(await estimate(api, await submitted(api, IRIS))).toBeNull();
  });

  it('says how long it expects to: as many predictions as are ahead, at what one costs', async () => {
    const models = await heavyModel();
    const fleet = fleetOfTest({ MODELS_DIR: models, EXECUTORS: '1' });
    const { api } = await fleet.pair();
    const holding = await submitted(api, LONG);
    await running(api, holding);
    const costMs = await measuredCostMs(fleet);
    // As many as a second's work, however quick the machine is.
    const count = Math.max(30, Math.ceil(1_000 / costMs));
    const waiting: string[] = [];
    for (let i = 0; i < count; i += 1) waiting.push(await submitted(api, SHORT));
    const expectedS = ((count + 1) * costMs) / 1_000;
    const close = async (): Promise<boolean> => {
      const seconds = await estimate(api, waiting.at(-1)!);
      return seconds !== null && Math.abs(seconds - expectedS) <= 0.1 + 0.05 * expectedS;
    };
    // The backlog is counted once a second.
    await until(close, { deadlineMs: 30_000, what: `an estimate near ${expectedS} s` });
    expect(await estimate(api, holding)).toBeNull();
    await api.call('POST', `/v1/predictions/${holding}/cancel`);
    for (const id of waiting) expect(await ended(api, id)).toMatchObject({ status: 'succeeded' });
  });
});

/** The slow model with examples that take their time: they are what its cost is measured with. */
async function heavyModel(): Promise<string> {
  const line = JSON.stringify({ input: { size: 600 }, output: { value: 600 }, tolerance: 0 });
  const golden = `${line}\n`;
  const models = await copySlowModel(({ files }) => {
    const file = files.find(({ path: name }) => name === 'golden.jsonl')!;
    file.sha256 = createHash('sha256').update(golden).digest('hex');
    file.size_bytes = golden.length;
  });
  await writeFile(path.join(models, 'slow', '1.0.0', 'golden.jsonl'), golden);
  return models;
}

/** What the worker has measured of one prediction, as it tells the fleet. */
function measuredCostMs(fleet: Fleet): Promise<number> {
  const catalogue = new Catalogue(fleet.settings['REDIS_PREFIX'] ?? '');
  return withRedis(inject('redisUrl'), async (redis) => {
    const [worker] = await new LiveWorkers(redis, catalogue).list();
    return worker?.versions[0]?.rowCostMs ?? Number.NaN;
  });
}
