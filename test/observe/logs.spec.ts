/**
 * Somebody asks what became of one prediction, and has one id. It is found in what the API says, in what the worker says,
 * in what the courier says, and at the receiver of the webhook.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import path from 'node:path';
import { beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { projectRoot } from '#config/settings';
import type { FleetProcess, LogLine } from '#testing/fleet';
import { copySlowModel } from '#testing/models';
import { until } from '#testing/patience';
import { ended, IRIS, post } from '#testing/predictions';
import { WebhookReceiver } from '#testing/webhook-receiver';
import { fleetFor, fleetOfTest, freshPrefix } from '../stage.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = `00-${TRACE}-00f067aa0ba902b7-01`;

const fleet = fleetFor('file', { WEBHOOK_ALLOW_PRIVATE: 'true', LOG_LEVEL: 'debug' });
let api: FleetProcess;
let worker: FleetProcess;
let courier: FleetProcess;

beforeAll(async () => {
  ({ api, worker } = await fleet.pair());
  courier = await fleet.courier();
});

async function receiver(): Promise<WebhookReceiver> {
  const started = await new WebhookReceiver().start();
  onTestFinished(() => started.stop());
  return started;
}

/** The first line of a process, from now on or before, that a search for `text` finds and that says `msg`. */
function lineAbout(one: FleetProcess, text: string, msg: string): Promise<LogLine> {
  const find = (): LogLine | undefined =>
    one.lines.find((line) => line.msg === msg && JSON.stringify(line).includes(text));
  return until(find, { deadlineMs: 20_000, what: `a line of ${one.app} with ${text}` });
}

describe('one id', () => {
  it('leads from the API to the worker, the courier and the receiver', async () => {
    const hooks = await receiver();
    const headers = { 'x-request-id': 'order-4711', traceparent: TRACEPARENT };
    const { json, headers: answered } = await post(api, { ...IRIS, webhook: hooks.url() }, headers);
    expect(answered.get('x-request-id')).toBe('order-4711');
    const common = { api_version: 'v1', model: 'iris', version: '1.0.0' };
    const one = { ...common, request_id: 'order-4711', trace_id: TRACE, prediction: json.id };

    const accepted = await lineAbout(api, 'order-4711', 'request');
    expect(accepted).toMatchObject({ ...one, app: 'api', level: 'info', route: '/v1/predictions', status: 201 });
    expect(accepted['input_bytes']).toBe(JSON.stringify(IRIS.input).length);
    const settled = await lineAbout(worker, 'order-4711', 'settled');
    expect(settled).toMatchObject({ ...common, app: 'worker', level: 'info', request_ids: ['order-4711'], rows: 1 });
    const ran = await lineAbout(worker, 'order-4711', 'prediction');
    expect(ran).toMatchObject({ ...one, level: 'debug', outcome: 'succeeded', attempt: 1, micro_batch: 1 });
    expect(ran['input_bytes']).toBe(accepted['input_bytes']);
    const delivered = await lineAbout(courier, 'order-4711', 'delivery attempt');
    expect(delivered).toMatchObject({ app: 'courier', level: 'info', trace_id: TRACE, attempt: 1, status: 204 });
    expect(delivered['delivery']).toBe(`${json.id}-completed`);
    const { headers: received } = await hooks.hook(`${json.id}-completed`);
    expect(received).toMatchObject({ 'x-request-id': 'order-4711', traceparent: TRACEPARENT });
  });

  it('is made where the caller gives none, or one that is none', async () => {
    const hooks = await receiver();
    const given = { 'x-request-id': 'two words', traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01` };
    const { json, headers } = await post(api, { ...IRIS, webhook: hooks.url() }, given);
    const made = headers.get('x-request-id') ?? '';
    expect(made).toMatch(/^[0-9a-f-]{36}$/);
    for (const [one, msg] of [
      [api, 'request'],
      [worker, 'prediction'],
      [courier, 'delivery attempt'],
    ] as const) {
      const line = await lineAbout(one, json.id, msg);
      expect(line).toMatchObject({ request_id: made });
      expect(line).not.toHaveProperty('trace_id');
    }
    const { headers: received } = await hooks.hook(`${json.id}-completed`);
    expect(received['x-request-id']).toBe(made);
    expect(received).not.toHaveProperty('traceparent');
  });

  it('leads through a batch, with its webhook', async () => {
    const hooks = await receiver();
    const query = new URLSearchParams({ model: 'iris', webhook: hooks.url() });
    const { status, json, text } = await api.call('POST', `/v1/batches?${query.toString()}`, {
      raw: JSON.stringify(Array.from({ length: 3 }, () => IRIS.input)),
      headers: { 'x-request-id': 'night-run', traceparent: TRACEPARENT },
    });
    expect(status, text).toBe(201);
    expect(await lineAbout(api, 'night-run', 'request')).toMatchObject({ batch: json.id, trace_id: TRACE, rows: 3 });
    const settled = await lineAbout(worker, 'night-run', 'settled');
    expect(settled).toMatchObject({ batch: json.id, rows: 3, request_ids: ['night-run'] });
    const delivered = await lineAbout(courier, 'night-run', 'delivery attempt');
    expect(delivered).toMatchObject({ request_id: 'night-run', trace_id: TRACE });
    const { headers: received } = await hooks.hook(`${json.id}-completed`);
    expect(received).toMatchObject({ 'x-request-id': 'night-run', traceparent: TRACEPARENT });
  });

  it('is not carried where nobody asked for it', async () => {
    const { json } = await post(api, IRIS, { prefer: 'wait=30' });
    const line = await lineAbout(worker, json.id, 'prediction');
    expect(line).not.toHaveProperty('request_id');
    expect(await lineAbout(api, json.id, 'request')).toMatchObject({ prediction: json.id });
  });
});

describe('what is not as it should be', () => {
  it('says of a refused request what was wrong with it, in words for programs', async () => {
    const { json } = await post(api, { version: 'iris', input: {} }, { 'x-request-id': 'refused-1' });
    const line = await lineAbout(api, 'refused-1', 'request');
    expect(line).toMatchObject({ level: 'warn', status: 422, category: 'input', code: json.code });
    expect(line).not.toHaveProperty('prediction');
  });

  it('gives a slow prediction the times of its stages', async () => {
    const slow = fleetOfTest({ SLOW_SECONDS: '0.001' });
    const pair = await slow.pair();
    const { json } = await post(pair.api, IRIS, { prefer: 'wait=30', 'x-request-id': 'slow-1' });
    const line = await lineAbout(pair.worker, json.id, 'slow prediction');
    expect(line).toMatchObject({ level: 'warn', request_id: 'slow-1', outcome: 'succeeded', model: 'iris' });
    const times = ['queue_ms', 'preprocess_ms', 'run_ms', 'postprocess_ms', 'settle_ms'].map((name) => line[name]);
    for (const ms of times) expect(ms).toEqual(expect.any(Number));
    const sum = times.reduce<number>((total, ms) => total + Number(ms), 0);
    // Whole milliseconds of the clock, and fractions of the run.
    expect(Math.abs(sum - Number(line['total_ms']))).toBeLessThanOrEqual(3);
  });

  it('says of a failed prediction why, and follows it into its retry job', async () => {
    const models = await copySlowModel((manifest) => (manifest.timeout_ms = 200));
    const failing = fleetOfTest({ MODELS_DIR: models });
    const pair = await failing.pair();
    const body = { version: 'slow', input: { size: 3_000 } };
    const { json } = await post(pair.api, body, { 'x-request-id': 'failing-1' });
    expect(await ended(pair.api, json.id)).toMatchObject({ status: 'failed', error_code: 'timeout' });
    const line = await lineAbout(pair.worker, json.id, 'prediction failed');
    expect(line).toMatchObject({ level: 'warn', request_id: 'failing-1', category: 'model', code: 'timeout' });
    const died = pair.worker.lines.find(({ msg }) => msg?.startsWith('an executor died') === true);
    expect(died).toMatchObject({ level: 'error', category: 'fleet', code: 'executor_died' });
  });

  it('does not complain of rows that their client got wrong', async () => {
    const rows = Array.from({ length: 600 }, (_, i) => (i % 2 === 0 ? IRIS.input : { sepal_length: 'long' }));
    const { json } = await api.call('POST', '/v1/batches?model=iris&on_invalid=report', { raw: JSON.stringify(rows) });
    await until(async () => (await api.call('GET', `/v1/batches/${json.id}`)).json.status === 'completed', {
      deadlineMs: 30_000,
      what: 'the batch to complete',
    });
    const about = [api, worker, courier].flatMap(({ lines }) =>
      lines.filter((line) => JSON.stringify(line).includes(json.id)),
    );
    expect(about.filter(({ level }) => level !== 'info' && level !== 'debug')).toEqual([]);
    expect(about.length).toBeGreaterThan(0);
    expect(about.length).toBeLessThan(10);
  });
});

it('writes for eyes where stdout is a terminal, and says why it does not start', async () => {
  const main = path.join(projectRoot(), 'dist', 'apps', 'courier', 'main.js');
  const settings = { REDIS_URL: inject('redisUrl'), REDIS_PREFIX: freshPrefix(), OPS_PORT: 'x' };
  const env = { PATH: process.env['PATH'], ...settings };
  // `script` gives the process a terminal, and hands on its exit code.
  const command = `'${process.execPath}' '${main}'`;
  const ran = promisify(execFile)('script', ['-qec', command, '/dev/null'], { env });
  const failure = await ran.then(
    () => ({ code: 0, stdout: '' }),
    (error: unknown) => error as { code: number; stdout: string },
  );
  expect(failure.code).toBe(78);
  expect(failure.stdout).toMatch(/FATAL.*Setting OPS_PORT/);
  expect(failure.stdout).not.toContain('{"level"');
});
