/**
 * What operators see: alive and ready are two questions, a fleet without workers is degraded and not down, metrics have
 * what alarms need, and the job board can be looked at and not touched, on a port where no client is.
 */
import { connect } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { batchEnded, ndjson, sendBatch } from '#testing/batches';
import type { FleetProcess } from '#testing/fleet';
import { call, metric } from '#testing/http';
import { until } from '#testing/patience';
import { ended, IRIS, predict, submit } from '#testing/predictions';
import { fleetFor } from '../stage.js';

const fleet = fleetFor('file');
let api: FleetProcess;

beforeAll(async () => {
  api = await fleet.api();
});

const readiness = (base: string) => call('GET', `${base}/ready`);

describe('without a worker', () => {
  it('the API is alive and ready, and says that it is degraded', async () => {
    for (const base of [api.url, api.opsUrl]) {
      const health = await call('GET', `${base}/health`);
      expect(health).toMatchObject({ status: 200, json: { status: 'ok' } });
      const { status, headers, json } = await readiness(base);
      expect(status).toBe(200);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(json.status).toBe('degraded');
      expect(json.degraded).toHaveLength(4);
      expect(json.degraded[0]).toMatch(/no live worker serves churn/);
    }
  });

  it('the queue`s depth is on its metrics', async () => {
    const id = await submit(api, IRIS);
    const depth = (): Promise<number> => metric(api.opsUrl, 'millrace_queue_predictions', { model: 'iris' });
    await until(async () => (await depth()) === 1, { deadlineMs: 20_000, what: 'a depth of 1' });
    await api.call('POST', `/v1/predictions/${id}/cancel`);
  });
});

describe('with a worker', () => {
  let worker: FleetProcess;

  beforeAll(async () => {
    worker = await fleet.worker();
    await api.ready();
  });

  it('both are alive and ready', async () => {
    for (const base of [api.url, api.opsUrl, worker.opsUrl]) {
      expect(await call('GET', `${base}/health`)).toMatchObject({ status: 200, json: { status: 'ok' } });
      expect(await readiness(base)).toMatchObject({ status: 200, json: { status: 'ok' } });
    }
  });

  it('metrics have queue depth, latencies and failures', async () => {
    await predict(api, IRIS);
    await api.call('POST', '/v1/predictions', { raw: '{' });
    const latency = (name: string, opsUrl: string): Promise<number> => metric(opsUrl, `${name}_count`);
    expect(await latency('millrace_http_request_duration_seconds', api.opsUrl)).toBeGreaterThan(0);
    expect(await latency('millrace_prediction_wait_seconds', api.opsUrl)).toBeGreaterThan(0);
    // The worker counts when Redis has confirmed, and by then the API may have told of it.
    await until(async () => (await latency('millrace_prediction_duration_seconds', worker.opsUrl)) > 0, {
      deadlineMs: 20_000,
      what: 'the worker to have counted it',
    });
    expect(await latency('millrace_inference_stage_seconds', worker.opsUrl)).toBeGreaterThan(0);
    expect(await metric(api.opsUrl, 'millrace_http_requests_total', { status: '400' })).toBeGreaterThan(0);
    const succeeded = { model: 'iris', outcome: 'succeeded' };
    expect(await metric(worker.opsUrl, 'millrace_predictions_total', succeeded)).toBeGreaterThan(0);
    expect(await metric(api.opsUrl, 'millrace_redis_up')).toBe(1);
    for (const one of [api, worker]) {
      expect(await metric(one.opsUrl, 'millrace_ready')).toBe(1);
      expect(await metric(one.opsUrl, 'millrace_build_info')).toBe(1);
    }
    const { json } = await call('GET', `${api.opsUrl}/ready`);
    expect(await metric(api.opsUrl, 'millrace_degraded')).toBe(json.status === 'degraded' ? 1 : 0);
    expect(await metric(api.opsUrl, 'millrace_model_workers', { model: 'iris' })).toBe(1);
    for (const one of [api, worker]) {
      const { text } = await call('GET', `${one.opsUrl}/metrics`);
      expect(text).toMatch(new RegExp(`^process_resident_memory_bytes\\{app="${one.app}"\\} \\d`, 'm'));
    }
  });

  it('a malformed URL on the operations port is a problem too', async () => {
    for (const { opsUrl } of [api, worker]) {
      const { status, headers, json } = await call('GET', `${opsUrl}/%zz?x=1`, {
        headers: { 'x-request-id': 'odd-1' },
      });
      expect(status).toBe(400);
      expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(json).toMatchObject({ type: 'about:blank', code: 'invalid_url', instance: '/%zz', request_id: 'odd-1' });
    }
    const { status, json } = await call('GET', `${api.opsUrl}/ops/predictions/${'x'.repeat(101)}`);
    expect([status, json.code]).toEqual([414, 'url_too_long']);
  });

  it('nothing of operations is on the port where clients are', async () => {
    for (const route of ['/metrics', '/ops', '/ops/queues', '/ops/queues/api/queues']) {
      expect((await api.call('GET', route)).status).toBe(404);
    }
  });
});

describe('the job board', () => {
  let board: string;

  beforeAll(() => {
    board = `${api.opsUrl}/ops/queues`;
  });

  it('shows each model`s queues, and no input', async () => {
    const id = await submit(api, { ...IRIS, input: { ...(IRIS.input as object), sepal_length: 5.4321 } });
    await ended(api, id);
    const page = await call('GET', board);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    const { status, text, json } = await call('GET', `${board}/api/queues?activeQueue=iris&status=completed&page=1`);
    expect(status).toBe(200);
    const names = json.queues.map((queue) => queue.name);
    expect(names).toEqual(expect.arrayContaining(['iris', 'iris-retry', 'churn', 'digits', 'diabetes']));
    const iris = json.queues.find((queue) => queue.name === 'iris')!;
    expect(iris.counts.completed).toBeGreaterThan(0);
    expect(iris.jobs.length).toBeGreaterThan(0);
    expect(text).not.toContain('5.4321');
    expect(text).not.toContain('sepal_length');
  });

  it('shows what a batch left behind in every queue, and none of its rows', async () => {
    const row = { custom_id: 'secret-name', input: { ...(IRIS.input as object), sepal_length: 5.4321 } };
    const { json: batch } = await sendBatch(api, { body: ndjson([row, row]) });
    await batchEnded(api, batch.id);
    for (const queue of ['iris-bulk', 'iris-announcements', 'iris-gates']) {
      const { status, text, json } = await call('GET', `${board}/api/queues?activeQueue=${queue}&status=latest&page=1`);
      expect([queue, status, json.queues.find(({ name }) => name === queue)?.name]).toEqual([queue, 200, queue]);
      expect(text).not.toMatch(/5\.4321|sepal_length|secret-name/);
      if (queue !== 'iris-gates') expect(text).toContain(batch.id);
    }
  });

  it.each([
    ['PUT', '/api/queues/iris/retry/completed'],
    ['PUT', '/api/queues/iris/clean/completed'],
    ['PUT', '/api/queues/iris/promote'],
    ['PUT', '/api/queues/iris/pause'],
    ['PUT', '/api/queues/iris/resume'],
    ['PUT', '/api/queues/iris/empty'],
    ['PUT', '/api/queues/iris/obliterate'],
    ['POST', '/api/queues/iris/add'],
    ['PUT', '/api/queues/iris/JOB/retry/completed'],
    ['PUT', '/api/queues/iris/JOB/retry/failed'],
    ['PUT', '/api/queues/iris/JOB/clean'],
    ['PUT', '/api/queues/iris/JOB/promote'],
    ['PATCH', '/api/queues/iris/JOB/update-data'],
  ])('refuses %s %s', async (method, route) => {
    const prediction = await predict(api, IRIS);
    const job = prediction.id.slice(5, -2);
    const body = { name: 'x', data: {}, options: {}, jobData: {} };
    const { status } = await call(method, board + route.replace('JOB', job), { body });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect((await api.call('GET', `/v1/predictions/${prediction.id}`)).json).toEqual(prediction);
  });
});

describe('an API that drains', () => {
  let draining: FleetProcess;
  const cleanup: (() => void)[] = [];

  afterEach(() => {
    for (const one of cleanup.splice(0)) one();
  });

  it('says so with 503, finishes what it has begun to read, and ends with 0', async () => {
    draining = await fleet.api();
    // A request whose body is still on its way keeps it busy for as long as the test needs.
    const { hostname, port } = new URL(draining.url);
    const socket = connect(Number(port), hostname);
    cleanup.push(() => socket.destroy());
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
    const body = JSON.stringify(IRIS);
    socket.write(
      `POST /v1/predictions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`,
    );
    // Its ops port knows of the open connection no more than the test does: one answered request is the proof.
    await draining.call('GET', '/health');
    draining.signal('SIGTERM');
    const { status, json } = await until(
      async () => {
        const seen = await readiness(draining.opsUrl);
        return seen.status === 503 && seen;
      },
      { deadlineMs: 20_000, what: 'a draining API to say so' },
    );
    expect(status).toBe(503);
    expect(JSON.stringify(json)).toMatch(/"serving":\{"status":"down"/);
    expect(await metric(draining.opsUrl, 'millrace_ready')).toBe(0);
    socket.write(body.slice(10));
    await once(socket, 'close');
    expect(answer).toMatch(/^HTTP\/1\.1 (201|503) /);
    expect(await draining.exited).toEqual({ code: 0, signal: null });
    // Not by the deadline: a connection that stays open after its answer must not hold the process.
    expect(draining.lines.at(-1)).toMatchObject({ msg: 'stopped' });
  });
});
