/** What operators do by HTTP: pause, resume and drain a model; put back what failed; ask why. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { projectRoot } from '#config/settings';
import { irisRows } from '#testing/batches';
import type { FleetProcess } from '#testing/fleet';
import { type Answer, call } from '#testing/http';
import { BRIEF, ENDLESS, impatientModel } from '#testing/impatient-model';
import { Caller } from '#testing/keys';
import { until } from '#testing/patience';
import { ended, get, IRIS, post, submit } from '#testing/predictions';
import { WebhookReceiver } from '#testing/webhook-receiver';
import { fleetOfTest } from '../stage.js';

/** What the step of a runbook that names `word` prints, typed for the model `slow` by somebody with a key. */
function runbookStep(page: string, word: string, { api, key }: { api: FleetProcess; key: string }): string {
  const text = readFileSync(path.join(projectRoot(), 'docs', 'runbooks', `${page}.md`), 'utf8');
  const steps = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, step = '']) => step);
  const step = steps.find((one) => one.includes(word))!.replaceAll('iris', 'slow');
  const env = { PATH: process.env['PATH'], OPS: api.opsUrl, MILLRACE_API_KEY: key };
  return execFileSync('sh', ['-c', step], { env, encoding: 'utf8' });
}

const NDJSON = { 'content-type': 'application/x-ndjson' };
const CHURN = {
  version: 'churn',
  input: {
    tenure_months: 12,
    monthly_charge: 40,
    support_contacts: 1,
    satisfaction: 7,
    age: 40,
    autopay: true,
    contract: 'monthly',
    plan: 'basic',
    channel: 'web',
  },
};

interface Status {
  readonly model: string;
  readonly state: string;
  readonly state_by: string | null;
  readonly waiting: { readonly normal: number; readonly low: number };
  readonly running: number;
  readonly dead_letters: number;
}

async function statusOf(api: FleetProcess, model: string): Promise<Status> {
  const { results } = (await api.call('GET', '/v1/operations/models')).json as unknown as { results: Status[] };
  return results.find((one) => one.model === model)!;
}

async function switchTo(api: FleetProcess, model: string, action: string): Promise<Status> {
  const { status, text } = await api.call('POST', `/v1/operations/models/${model}/${action}`);
  expect([action, status]).toEqual([action, 200]);
  return JSON.parse(text) as Status;
}

function eventually(what: string, condition: () => Promise<boolean>, deadlineMs = 20_000): Promise<true> {
  return until(async () => (await condition()) && true, { deadlineMs, what });
}

describe('a model that is paused', () => {
  it('takes predictions and batches and runs none, also with another worker, until it is resumed', async () => {
    const fleet = fleetOfTest();
    const { api, worker } = await fleet.pair();
    const other = await fleet.api();
    expect(await switchTo(api, 'iris', 'pause')).toMatchObject({ state: 'paused', state_by: 'local' });
    await eventually('the other process to see it', async () => {
      const { status, json } = await call('GET', `${other.opsUrl}/ready`);
      return status === 200 && json.status === 'degraded' && json.degraded.includes('iris is paused');
    });

    const ids = [await submit(api, IRIS), await submit(other, IRIS)];
    ids.push((await post(api, { ...IRIS, priority: 'low' })).json.id);
    const batch = (await api.call('POST', '/v1/batches?model=iris', { raw: irisRows(5), headers: NDJSON })).json.id;
    expect((await get(api, ids[0]!)).estimated_wait).toBeNull();

    await worker.kill();
    const next = await fleet.worker();
    // It works, and has looked at every queue.
    expect((await post(api, CHURN, { prefer: 'wait=30' })).json.status).toBe('succeeded');
    for (const id of ids) expect((await get(api, id)).status).toBe('starting');
    await eventually('the queues to be counted', async () => (await statusOf(api, 'iris')).waiting.low === 6);
    expect(await statusOf(api, 'iris')).toMatchObject({ running: 0, waiting: { normal: 2 } });
    const page = (await call('GET', `${api.opsUrl}/ops`)).text;
    expect(page).toMatch(/paused<\/span> since .* by local/);
    const scraped = (await call('GET', `${api.opsUrl}/metrics`)).text;
    expect(scraped).toMatch(/^millrace_model_switch\{model="iris",state="paused",app="api"\} 1$/m);
    expect(scraped).toMatch(/^millrace_model_switch\{model="churn",state="paused",app="api"\} 0$/m);
    const { json: story, text } = await api.call('GET', `/v1/operations/predictions/${ids[0]}/timeline`);
    const { held } = JSON.parse(text) as { readonly held: string };
    expect(story.status).toBe('starting');
    expect(held).toMatch(/has been paused since .* by local/);

    await switchTo(other, 'iris', 'resume');
    for (const id of ids) expect((await ended(api, id)).status).toBe('succeeded');
    await eventually('the batch', async () => {
      return (await api.call('GET', `/v1/batches/${batch}`)).json.status === 'completed';
    });
    await eventually('the process to be well', async () => {
      return (await call('GET', `${api.opsUrl}/ready`)).json.status === 'ok';
    });
    await next.stop();
  });

  it('lets run what is in hand, and keeps what runs again', async () => {
    // Long enough for the switch to come while it runs the first time.
    const fleet = fleetOfTest({ MODELS_DIR: await impatientModel(3_000) });
    const { api, worker } = await fleet.pair();
    const id = await submit(api, ENDLESS);
    await eventually('it to start', async () => (await get(api, id)).status === 'processing');
    await switchTo(api, 'slow', 'pause');
    await eventually('its retry job to wait', async () => {
      const { waiting, running } = await statusOf(api, 'slow');
      return waiting.normal === 1 && running === 0;
    });
    await worker.stop();
    await fleet.worker();
    const { text } = await api.call('GET', `/v1/operations/predictions/${id}/timeline`);
    expect(text).toContain('"retried"');
    expect(await statusOf(api, 'slow')).toMatchObject({ state: 'paused', running: 0, dead_letters: 0 });
    await switchTo(api, 'slow', 'resume');
    expect((await ended(api, id)).status).toBe('failed');
  });
});

it('a model that is drained refuses what is new, runs what was accepted, and is empty then', async () => {
  const fleet = fleetOfTest();
  const api = await fleet.api();
  const other = await fleet.api();
  const keyed = { 'idempotency-key': 'order-1' };
  const first = await post(api, IRIS, keyed);
  const ids = [first.json.id, await submit(api, IRIS)];
  const batch = (await api.call('POST', '/v1/batches?model=iris', { raw: irisRows(5), headers: NDJSON })).json.id;
  await switchTo(api, 'iris', 'drain');
  await eventually('the other process to see it', async () => (await post(other, IRIS)).status === 503);

  const refused = await post(api, IRIS, { prefer: 'wait=5' });
  expect([refused.status, refused.json.code, refused.headers.get('retry-after')]).toEqual([
    503,
    'model_draining',
    '30',
  ]);
  const rows = await api.call('POST', '/v1/batches?model=iris', { raw: irisRows(1), headers: NDJSON });
  expect([rows.status, rows.json.code]).toEqual([503, 'model_draining']);
  expect((await post(api, IRIS, { 'idempotency-key': 'order-2' })).json.code).toBe('model_draining');
  // What was accepted before is no new one.
  expect((await post(api, IRIS, keyed)).json.id).toBe(first.json.id);
  expect((await post(api, CHURN)).status).toBe(201);

  await fleet.worker();
  for (const id of ids) expect((await ended(api, id)).status).toBe('succeeded');
  await eventually('the batch', async () => {
    return (await api.call('GET', `/v1/batches/${batch}`)).json.status === 'completed';
  });
  await eventually('the model to be empty', async () => {
    const { waiting, running } = await statusOf(api, 'iris');
    return waiting.normal + waiting.low + running === 0;
  });
  expect((await statusOf(other, 'iris')).state).toBe('draining');
  await switchTo(other, 'iris', 'resume');
  // The key of a submit that was refused is free.
  await eventually('submits to be taken', async () => {
    return (await post(api, IRIS, { 'idempotency-key': 'order-2' })).status === 201;
  });
});

describe('dead letters', () => {
  it('are listed page by page over all clients without their inputs, and put back', async () => {
    const fleet = fleetOfTest({ MODELS_DIR: await impatientModel(), AUTH: 'on' });
    const { api } = await fleet.pair();
    const admin = new Caller(api, await api.firstKey());
    const operator = await admin.make(['operate'], 'night-shift');
    const clients = [await admin.make(['predict'], 'shop'), await admin.make(['predict'], 'bank')];
    const failed = await Promise.all(
      [...clients, ...clients].map(async (client) => {
        const { json } = await client.call('POST', '/v1/predictions', { body: ENDLESS });
        return json.id;
      }),
    );
    const list = async (query: string): Promise<Answer> => operator.call('GET', `/v1/operations/dead-letters${query}`);
    await eventually('them to fail', async () => (await list('')).json.results.length === failed.length, 60_000);

    const { json: whole, text } = await list('');
    expect(whole.next).toBeNull();
    expect(whole.results.map(({ id }) => id).sort()).toEqual([...failed].sort());
    expect(new Set(whole.results.map(({ client }) => client))).toEqual(new Set(['shop', 'bank']));
    expect(text).not.toMatch(/"size"|4000|"input"/);
    const paged: string[] = [];
    for (let path: string | null = '/v1/operations/dead-letters?limit=1&model=slow'; path !== null;) {
      const { json }: Answer = await operator.call('GET', path);
      expect(json.results).toHaveLength(1);
      paged.push(json.results[0]!.id);
      path = json.next;
    }
    expect(paged).toEqual(whole.results.map(({ id }) => id));
    expect((await list('?error_code=crashed')).json.results).toEqual([]);
    expect((await list('?error_code=timeout')).json.results).toHaveLength(failed.length);

    const reasons = (key: string): string => runbookStep('dead-letters', 'failedReason', { api, key });
    expect(reasons(operator.key)).toMatch(new RegExp(`^ *${failed.length} "failedReason":"timeout: .*"\\n$`));
    expect(reasons(clients[0]!.key)).toBe('');

    const route = `/v1/operations/dead-letters/${failed[0]}/redrive`;
    const [one, two] = [await operator.call('POST', route), await operator.call('POST', route)];
    expect([one.status, two.status]).toEqual([201, 201]);
    expect(one.json).toMatchObject({ retry_of: failed[0], client: 'shop', id: two.json.id });
    const fresh = await clients[0]!.call('GET', `/v1/predictions/${one.json.id}`);
    expect(fresh.json).toMatchObject({ input: ENDLESS.input, metadata: { retry_of: failed[0] } });
    expect((await clients[1]!.call('GET', `/v1/predictions/${one.json.id}`)).status).toBe(404);
    expect((await clients[0]!.call('GET', `/v1/predictions/${failed[0]}`)).json.status).toBe('failed');
    await api.line({ msg: 'a failed prediction was put back', retry_of: failed[0], operator: 'night-shift' });

    const done = await clients[0]!.call('POST', '/v1/predictions', { body: BRIEF, headers: { prefer: 'wait=30' } });
    const refused = await operator.call('POST', `/v1/operations/dead-letters/${done.json.id}/redrive`);
    expect([refused.status, refused.json.code]).toEqual([409, 'not_failed']);
  });

  it('of webhooks are listed without their URLs, and sent again', async () => {
    const fleet = fleetOfTest({ WEBHOOK_ALLOW_PRIVATE: 'true' });
    const [{ api }] = await Promise.all([fleet.pair(), fleet.courier()]);
    const hooks = await new WebhookReceiver().start();
    onTestFinished(() => hooks.stop());
    hooks.answering = (_, response) => void response.writeHead(410).end();
    const { json } = await post(api, { ...IRIS, webhook: hooks.url('/secret-path') });
    const delivery = `${json.id}-completed`;
    const list = async (): Promise<Answer> => api.call('GET', '/v1/operations/dead-deliveries');
    await eventually('it to be given up', async () => (await list()).json.results.some(({ id }) => id === delivery));
    const { text } = await list();
    expect(text).toContain('127.0.0.1');
    expect(text).not.toContain('secret-path');
    hooks.answering = (_, response) => void response.writeHead(204).end();
    const { status } = await api.call('POST', `/v1/operations/dead-deliveries/${delivery}/redeliver`);
    expect(status).toBe(200);
    await eventually('it to be delivered', async () => {
      return (await api.call('GET', `/v1/deliveries/${delivery}`)).json.status === 'delivered';
    });
    expect((await list()).json.results).toEqual([]);
    await api.line({ msg: 'a delivery is sent again', delivery, operator: 'local' });
  });
});
