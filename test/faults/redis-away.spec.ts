/**
 * Redis goes: frozen, killed, or not there yet. Whoever asks hears 503 within two seconds and when to come back, every
 * process stays alive and says that it is not ready, and when Redis is back all goes on without a restart, with what
 * had been accepted before.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FleetProcess } from '#testing/fleet';
import { type Answer, type Body, call, metric } from '#testing/http';
import { until } from '#testing/patience';
import { ended, forEach, IRIS, post, predict, submit } from '#testing/predictions';
import type { TestRedis } from '#testing/redis-server';
import { fleetFor, ownRedis } from '../stage.js';

let redis: TestRedis;

beforeEach(async () => {
  redis = await ownRedis();
});

// Registered before the fleet's own end, so that it runs after it.
afterEach(() => redis.remove());

const fleet = fleetFor('test', { SHUTDOWN_SECONDS: '5' });

const IN_TIME_MS = 2_000;

/** In time by the API's own word: what this process and the way to it take, of fifty at once, is not its matter. */
async function expectUnavailable(api: FleetProcess, asked: () => Promise<Answer>): Promise<void> {
  const { status, headers, json } = await asked();
  expect([status, json.code]).toEqual([503, 'queue_unavailable']);
  expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  const line = await api.line({ msg: 'request', request_id: headers.get('x-request-id') });
  expect(line['duration_ms']).toBeLessThan(IN_TIME_MS);
}

async function expectAllUnavailable(api: FleetProcess, id: string): Promise<void> {
  await expectUnavailable(api, () => post(api, IRIS));
  await expectUnavailable(api, () => post(api, IRIS, { prefer: 'wait=30' }));
  await expectUnavailable(api, () => post(api, IRIS, { 'idempotency-key': 'while-away' }));
  await expectUnavailable(api, () => api.call('GET', `/v1/predictions/${id}`));
  await expectUnavailable(api, () => api.call('GET', `/v1/predictions/${id}?wait=30`));
  await expectUnavailable(api, () => api.call('POST', `/v1/predictions/${id}/cancel`));
  // Many at once wait no longer than one alone.
  await Promise.all(Array.from({ length: 50 }, () => expectUnavailable(api, () => post(api, IRIS))));
}

async function expectReady(one: FleetProcess, status: 200 | 503): Promise<Body> {
  const answer = await until(
    async () => {
      const seen = await call('GET', `${one.opsUrl}/ready`);
      return seen.status === status && seen;
    },
    { deadlineMs: 30_000, what: `${one.app} to answer /ready with ${status}` },
  );
  expect((await call('GET', `${one.opsUrl}/health`)).status).toBe(200);
  return answer.json;
}

async function expectWorks(api: FleetProcess, worker: FleetProcess): Promise<void> {
  await expectReady(api, 200);
  await expectReady(worker, 200);
  // The first ones may meet a connection that is just coming up.
  await until(async () => (await predict(api, IRIS)).status === 'succeeded', {
    deadlineMs: 30_000,
    what: 'predictions to succeed again',
  });
  for (const one of [api, worker]) {
    expect(one.isOver).toBe(false);
    expect(one.lines.filter(({ level }) => level === 'fatal')).toEqual([]);
    // A Redis that is away fills no disk: beside the lines of the work itself, which are at most 50 a second.
    const ofWork = ['request', 'settled', 'slow prediction'];
    expect(one.lines.filter(({ msg }) => !ofWork.includes(String(msg))).length).toBeLessThan(300);
  }
}

describe('a Redis that is frozen', () => {
  it('is answered for with 503 in time, and all goes on when it thaws', async () => {
    await redis.start();
    const { api, worker } = await fleet.pair({ REDIS_URL: redis.url });
    const id = await submit(api, IRIS);
    await ended(api, id);

    redis.freeze();
    await expectAllUnavailable(api, id);
    await expectReady(api, 503);
    await expectReady(worker, 503);
    redis.thaw();
    await expectWorks(api, worker);
  });
});

describe('metrics, while Redis is frozen', () => {
  /** What Prometheus gives a process to answer; a machine that others use as well needs some of it. */
  const SCRAPE_MS = 10_000;

  /** A metric that is not known now has no sample. */
  async function scrape(one: FleetProcess): Promise<string> {
    const began = Date.now();
    const { status, text } = await call('GET', `${one.opsUrl}/metrics`);
    expect([one.app, status]).toEqual([one.app, 200]);
    expect(Date.now() - began).toBeLessThan(SCRAPE_MS / 2);
    return text;
  }

  it('are answered by every process, and say that it is away', async () => {
    await redis.start();
    const settings = { REDIS_URL: redis.url };
    const { api, worker } = await fleet.pair(settings);
    const courier = await fleet.courier(settings);
    expect(await metric(api.opsUrl, 'millrace_redis_up')).toBe(1);
    expect(await scrape(courier)).toMatch(/^millrace_webhook_endpoints_owed\{.*\} 0$/m);

    redis.freeze();
    for (const one of [api, worker, courier]) expect(await scrape(one)).toMatch(/^millrace_ready\{.*\} 0$/m);
    expect(await scrape(api)).toMatch(/^millrace_redis_up\{.*\} 0$/m);
    expect(await scrape(courier)).not.toMatch(/^millrace_webhook_endpoints_owed\{/m);
    redis.thaw();
    for (const one of [api, worker, courier]) {
      await expectReady(one, 200);
      expect(await metric(one.opsUrl, 'millrace_ready')).toBe(1);
    }
    expect(await metric(api.opsUrl, 'millrace_redis_up')).toBe(1);
    // The answers that were late say nothing of anybody's clock. A worker may have been silent for too long to be known.
    for (const one of [api, worker, courier]) {
      await until(async () => (await metric(one.opsUrl, 'millrace_degraded')) === 0, {
        deadlineMs: 30_000,
        what: `${one.app} to be well`,
      });
      expect(one.lines.filter(({ msg }) => msg?.includes('clock') === true)).toEqual([]);
    }
  });
});

describe('a queue that was full when Redis froze', () => {
  it('is not what submits are refused for', async () => {
    await redis.start();
    const api = await fleet.api({ REDIS_URL: redis.url, MAX_QUEUE_DEPTH: '1' });
    await submit(api, IRIS);
    const code = async (): Promise<string> => (await post(api, IRIS)).json.code;
    await until(async () => (await code()) === 'queue_full', { deadlineMs: 30_000, what: 'a full queue' });
    redis.freeze();
    await until(async () => (await code()) === 'queue_unavailable', { deadlineMs: 20_000, what: '503' });
    await expectUnavailable(api, () => post(api, IRIS));
    redis.thaw();
    await until(async () => (await code()) === 'queue_full', { deadlineMs: 30_000, what: 'a full queue' });
  });
});

describe('a Redis that is killed', () => {
  it('comes back with what had been accepted, and nobody has to be restarted', async () => {
    await redis.start();
    const api = await fleet.api({ REDIS_URL: redis.url });
    const ids = await forEach(Array.from({ length: 200 }), 20, () => submit(api, IRIS));
    await redis.stop();

    await expectReady(api, 503);
    await expectAllUnavailable(api, ids[0]!);
    const worker = await fleet.launch('worker', { REDIS_URL: redis.url }).listening();
    await expectReady(worker, 503);

    await redis.start();
    const finals = await forEach(ids, 20, (id) =>
      until(
        async () => {
          const final = await api.call('GET', `/v1/predictions/${id}?wait=5`);
          return (
            final.status === 200 && final.json.status !== 'starting' && final.json.status !== 'processing' && final.json
          );
        },
        { deadlineMs: 30_000, what: `${id} to end` },
      ),
    );
    expect([...new Set(finals.map(({ status }) => status))]).toEqual(['succeeded']);
    await expectWorks(api, worker);
  });

  it('in the middle of the work: what was accepted is answered, however often it ran', async () => {
    await redis.start();
    const { api, worker } = await fleet.pair({ REDIS_URL: redis.url });
    const accepted: string[] = [];
    let others: number[] = [];
    const work = forEach(Array.from({ length: 3_000 }), 20, async () => {
      const { status, json } = await post(api, IRIS);
      if (status === 201) accepted.push(json.id);
      else others.push(status);
    });
    await until(() => accepted.length > 500, { deadlineMs: 20_000, what: 'work to be under way' });
    await redis.stop();
    await redis.start();
    await work;
    expect([...new Set(others)].filter((status) => status !== 503)).toEqual([]);
    others = [];
    await expectWorks(api, worker);
    const finals = await forEach(accepted, 50, (id) => ended(api, id, 40_000));
    expect([...new Set(finals.map(({ status }) => status))]).toEqual(['succeeded']);
  });
});

describe('a Redis that is not there yet', () => {
  it('is waited for, alive and not ready', async () => {
    const api = await fleet.launch('api', { REDIS_URL: redis.url }).listening();
    const worker = await fleet.launch('worker', { REDIS_URL: redis.url }).listening();
    expect(JSON.stringify(await expectReady(api, 503))).toMatch(/"redis":\{"status":"down"/);
    await expectReady(worker, 503);
    await expectUnavailable(api, () => post(api, IRIS));
    await redis.start();
    await expectWorks(api, worker);
  });
});
