/** What processes export: in order by Prometheus's own rules, one with /ready, there from the first, and bounded. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { newApiKey, parseApiKey } from '#access/api-key';
import { Catalogue } from '#queue/catalogue';
import { KeyStore } from '#queue/key-store';
import type { FleetProcess } from '#testing/fleet';
import { call, metric } from '#testing/http';
import { bearer } from '#testing/keys';
import { until } from '#testing/patience';
import { forEach, IRIS, post, predict } from '#testing/predictions';
import { withRedis } from '#testing/redis-server';
import { fleetFor, fleetOfTest } from '../stage.js';
import { findTools } from './tools.js';

const CLIENTS = 10_000;
const tools = await findTools('Metrics by the rules of promtool');
const fleet = fleetFor('file', { AUTH: 'on', WORKER_MODELS: 'iris' });
let all: readonly FleetProcess[] = [];
let api: FleetProcess;
let worker: FleetProcess;

beforeAll(async () => {
  // First: it makes the first key.
  api = await fleet.api();
  worker = await fleet.worker();
  all = [api, worker, await fleet.courier()];
});

const scraped = async ({ opsUrl }: FleetProcess): Promise<string> => (await call('GET', `${opsUrl}/metrics`)).text;

/** Names and labels of all samples of all processes. */
async function series(): Promise<ReadonlySet<string>> {
  const texts = await Promise.all(all.map(scraped));
  const lines = texts.flatMap((text) => text.split('\n'));
  return new Set(lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.replace(/ \S+$/, '')));
}

/** What `promtool check metrics` has to say. */
async function complaints(text: string): Promise<string> {
  const child = spawn(tools!.promtool, ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  }
  child.stdin.end(text);
  const [code] = (await once(child, 'close')) as [number];
  return code === 0 ? said : `${said}\nended with ${code}`;
}

it.skipIf(tools === null)('promtool finds nothing to say', async () => {
  expect(await complaints('# HELP seen A counter.\n# TYPE seen counter\nseen 1\n')).toMatch(/_total/);
  for (const one of all) expect([one.app, await complaints(await scraped(one))]).toEqual([one.app, '']);
});

it('what can be counted is there before it is, at 0', async () => {
  const there: readonly (readonly [FleetProcess, string, Readonly<Record<string, string>>])[] = [
    [api, 'millrace_predictions_accepted_total', { model: 'churn' }],
    [api, 'millrace_predictions_refused_total', { model: 'iris', reason: 'queue_full' }],
    [api, 'millrace_http_requests_total', { route: '/v1/predictions', method: 'POST', status: '503' }],
    [worker, 'millrace_predictions_total', { model: 'iris', version: '1.0.0', outcome: 'failed' }],
    [worker, 'millrace_predictions_failed_total', { model: 'iris', version: '1.0.0', code: 'crashed' }],
    [worker, 'millrace_envelopes_stalled_total', { model: 'iris' }],
    [worker, 'millrace_lost_locks_total', { model: 'iris' }],
    [worker, 'millrace_executor_deaths_total', { cause: 'hung' }],
    [all[2]!, 'millrace_webhook_attempts_total', { outcome: 'dead' }],
    [all[2]!, 'millrace_events_total', { event: 'completed' }],
  ];
  for (const [one, name, labels] of there) {
    const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
    const samples = (await scraped(one)).split('\n').filter((line) => line.startsWith(`${name}{`));
    const found = samples.filter((line) => wanted.every((label) => line.includes(label)));
    expect([name, found.map((line) => line.replace(/^.* /, ''))]).toEqual([name, ['0']]);
  }
});

describe('what /ready says', () => {
  /** In words of both. */
  async function said(one: FleetProcess): Promise<{ ready: [number, boolean]; degraded: [number, boolean] }> {
    const { status, json } = await call('GET', `${one.opsUrl}/ready`);
    return {
      ready: [await metric(one.opsUrl, 'millrace_ready'), status === 200],
      degraded: [await metric(one.opsUrl, 'millrace_degraded'), json.status === 'degraded'],
    };
  }

  it('and what metrics say is the same: degraded, well, a model without worker, no executor', async () => {
    const own = fleetOfTest();
    const alone = await own.api();
    expect(await said(alone)).toEqual({ ready: [1, true], degraded: [1, true] });
    const busy = await own.worker();
    await alone.ready();
    for (const one of [alone, busy]) expect(await said(one)).toEqual({ ready: [1, true], degraded: [0, false] });
    await busy.stop();
    await until(async () => (await metric(alone.opsUrl, 'millrace_degraded')) === 1, {
      deadlineMs: 30_000,
      what: 'the worker to be missed',
    });
    expect(await said(alone)).toEqual({ ready: [1, true], degraded: [1, true] });
    expect(await metric(alone.opsUrl, 'millrace_model_workers', { model: 'iris' })).toBe(0);
  });
});

describe('with METRICS=off', () => {
  it('nothing is counted or served, and all else is as ever', async () => {
    const own = fleetOfTest({ METRICS: 'off' });
    const { api: silent, worker: mute } = await own.pair();
    expect(await predict(silent, IRIS)).toMatchObject({ status: 'succeeded' });
    for (const one of [silent, mute]) {
      expect((await call('GET', `${one.opsUrl}/metrics`)).status).toBe(404);
      expect((await call('GET', `${one.opsUrl}/ready`)).status).toBe(200);
    }
  });
});

describe('the number of series', () => {
  /** Keys as an administrator would make them, without ten thousand requests. */
  async function keysOf(clients: readonly string[]): Promise<string[]> {
    return withRedis(inject('redisUrl'), async (redis) => {
      await redis.ping();
      const store = new KeyStore(redis, new Catalogue(fleet.settings['REDIS_PREFIX'] ?? ''));
      const made = clients.map((client) => ({ client, key: newApiKey() }));
      const changes = made.map(({ client, key }) => ({
        from: null,
        to: {
          ...parseApiKey(key)!,
          client,
          name: null,
          scopes: ['predict' as const],
          createdBy: null,
          createdAtMs: Date.now(),
          expiresAtMs: null,
          revokedAtMs: null,
          replacedBy: null,
        },
      }));
      for (let from = 0; from < changes.length; from += 1_000) await store.change(changes.slice(from, from + 1_000));
      return made.map(({ key }) => key);
    });
  }

  /** A client does one of everything that could leave a trace of its own: in turn, since ten thousand do. */
  async function visit(key: string, index: number): Promise<number> {
    const own = randomUUID();
    const headers = { ...bearer(key), 'x-request-id': own };
    const wishes: readonly (() => Promise<{ status: number }>)[] = [
      () => post(api, { ...IRIS, metadata: { own } }, { ...headers, 'idempotency-key': own }),
      () => post(api, { ...IRIS, version: `iris:${index}.0.0` }, headers),
      () => post(api, { ...IRIS, version: own }, headers),
      () => post(api, { ...IRIS, input: { ...(IRIS.input as object), [own]: 1 } }, headers),
      () => api.call('GET', `/v1/predictions/p${own}`, { headers }),
      () => api.call('GET', `/v1/models/millrace/${own}?q=${own}`, { headers }),
      () => api.call('GET', `/${own}`, { headers }),
    ];
    return (await wishes[index % wishes.length]!()).status;
  }

  it(`does not grow with ${CLIENTS} clients, and as many names of versions, ids and paths`, async () => {
    const keys = await keysOf(Array.from({ length: CLIENTS }, (_, n) => `client-${n}`));
    const first = keys.slice(0, 70);
    await until(async () => (await visit(keys.at(-1)!, 0)) === 201, { deadlineMs: 20_000, what: 'keys to be known' });
    await forEach(first, 20, visit);
    const accepted = (): Promise<number> => metric(api.opsUrl, 'millrace_predictions_accepted_total');
    const succeeded = (): Promise<number> =>
      metric(worker.opsUrl, 'millrace_predictions_total', { outcome: 'succeeded' });
    // A 503 may have been accepted all the same.
    const settled = async (): Promise<boolean> => (await succeeded()) >= (await accepted());
    await until(settled, { deadlineMs: 30_000, what: 'the first predictions to end' });
    const before = await series();

    const statuses = await forEach(keys.slice(first.length), 50, (key, n) => visit(key, n + first.length));
    // 503 is what a machine that others use as well may answer now and then.
    expect([...new Set(statuses)].filter((status) => ![201, 404, 422, 503].includes(status))).toEqual([]);
    expect(statuses.filter((status) => status === 201).length).toBeGreaterThan(CLIENTS / 10);
    await until(settled, { deadlineMs: 60_000, what: 'all predictions to end' });
    const after = await series();
    // Node's own, as of kinds of garbage collection, come when there are some.
    expect([...after].filter((one) => one.startsWith('millrace_') && !before.has(one))).toEqual([]);
    expect(after.size).toBeLessThan(2_500);
  }, 480_000);
});
