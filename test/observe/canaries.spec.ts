/**
 * Canaries: secrets that nobody else has, in every place where one may be. A fleet lives through an ordinary day and a bad
 * one with them, at the level at which it says most, and none of them is in anything that it writes: lines, standard
 * error, metrics, spans, and what other callers are told of errors.
 */
import { randomBytes } from 'node:crypto';
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { Fleet, type FleetProcess } from '#testing/fleet';
import { type Call, call } from '#testing/http';
import { Caller } from '#testing/keys';
import { copySlowModel, MODELS_DIR } from '#testing/models';
import { IRIS } from '#testing/predictions';
import { TraceCollector } from '#testing/trace-collector';
import { WebhookReceiver } from '#testing/webhook-receiver';
import { freshPrefix, ownRedis } from '../stage.js';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

/** By what it is; made anew, so that it stands nowhere else. */
const canaries = new Map<string, string>();

function canary(what: string, text = `canary${randomBytes(12).toString('hex')}`): string {
  canaries.set(what, text);
  return text;
}

/** A number that a model takes, and that no other one is. */
function canaryNumber(what: string, whole: number): number {
  return Number(canary(what, `${whole}.${1_000_000_000 + randomBytes(4).readUInt32BE()}`));
}

function leaksIn(text: string): string[] {
  return [...canaries].flatMap(([what, secret]) => (text.includes(secret) ? [what] : []));
}

function wordsOf(one: FleetProcess): string {
  return `${one.lines.map((line) => JSON.stringify(line)).join('\n')}\n${one.stderr}`;
}

/** What a caller was told of errors. */
const problems: string[] = [];

async function refused(caller: Caller, route: string, options: Call): Promise<void> {
  const { status, text } = await caller.call('POST', route, options);
  expect(status, text).toBeGreaterThanOrEqual(400);
  problems.push(text);
}

/** What may go well goes well. @returns the ids of what was accepted */
async function ordinaryDay(shop: Caller, url: string): Promise<string[]> {
  const sepal = canaryNumber('input', 5);
  const iris = { ...IRIS, input: { ...(IRIS.input as object), sepal_length: sepal } };
  const metadata = { note: canary('metadata') };
  const headers = { 'idempotency-key': canary('Idempotency-Key'), traceparent: TRACEPARENT };
  const told = { webhook: `${url}?token=${canary('token of a webhook')}`, metadata };
  const answers = [
    await shop.call('POST', '/v1/predictions', { body: { ...iris, ...told }, headers }),
    await shop.call('POST', '/v1/predictions', { body: { ...iris, ...told } }),
    await shop.call('POST', `/v1/batches?${new URLSearchParams({ model: 'iris', webhook: told.webhook }).toString()}`, {
      raw: JSON.stringify([iris.input, { ...iris.input, sepal_width: canary('input of a row') }]),
    }),
  ];
  for (const { status, text } of answers) expect(status, text).toBe(201);
  return answers.map(({ json }) => json.id);
}

/** What callers get wrong. */
async function badCallers(shop: Caller): Promise<void> {
  const { api } = shop;
  const stranger = new Caller(api, `mr_live_${canary('wrong key')}`);
  await refused(stranger, '/v1/predictions', { body: IRIS });
  const basic = { authorization: `Basic ${canary('basic credentials')}` };
  problems.push((await api.call('POST', '/v1/predictions', { body: IRIS, headers: basic })).text);
  await refused(shop, '/v1/predictions', { raw: `{"version":"iris","input":{"a":${canary('broken body')}` });
  await refused(shop, '/v1/predictions', { raw: canary('text'), headers: { 'content-type': 'text/plain' } });
  const wrong = { ...(IRIS.input as object), sepal_length: canary('wrong input') };
  await refused(shop, '/v1/predictions', { body: { version: 'iris', input: wrong } });
  const credentials = `http://user:${canary('password of a webhook')}@127.0.0.1:1/hook`;
  await refused(shop, '/v1/predictions', { body: { ...IRIS, webhook: credentials } });
  await refused(shop, '/v1/batches?model=iris', { raw: `[{"sepal_length": ${canary('broken row')}` });
  const query = `?key=${canary('key in a query')}`;
  problems.push((await shop.call('GET', `/v1/predictions/nothing${query}`)).text);
  const ids = { 'x-request-id': `${canary('X-Request-ID that is none')} "`, traceparent: canary('traceparent') };
  expect((await shop.call('POST', '/v1/predictions', { body: IRIS, headers: ids })).status).toBe(201);
}

it('keeps every secret out of what it writes', { timeout: 480_000 }, async () => {
  const redis = await ownRedis();
  onTestFinished(() => redis.remove());
  await redis.start();
  const password = canary('password of Redis');
  await redis.with((client) => client.config('SET', 'requirepass', password));
  const spans = await new TraceCollector().start();
  const hooks = await new WebhookReceiver().start();
  hooks.answering = ({ path }, response) => void response.writeHead(path.startsWith('/broken') ? 500 : 204).end();
  const fleet = new Fleet({
    REDIS_URL: `redis://:${password}@127.0.0.1:${redis.port}`,
    REDIS_PREFIX: freshPrefix(),
    MODELS_DIR: await modelsWithLimit(),
    AUTH: 'on',
    LOG_LEVEL: 'trace',
    SLOW_SECONDS: '0.001',
    WEBHOOK_ALLOW_PRIVATE: 'true',
    OTEL_EXPORTER_OTLP_ENDPOINT: spans.url,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=${canary('header of the collector')}`,
  });
  onTestFinished(async () => {
    await fleet.end();
    spans.stop();
    hooks.stop();
  });
  const { api, worker } = await fleet.pair();
  const courier = await fleet.courier();
  const admin = new Caller(api, canary('first key', await api.firstKey()));
  const shop = await admin.make(['predict'], 'shop');
  canary('key', shop.key);
  const { key } = (await shop.call('GET', '/v1/webhooks/default/secret')).json;
  canary('secret of webhooks', key.replace('whsec_', ''));

  const [first = '', second = ''] = await ordinaryDay(shop, hooks.url());
  const [broken = ''] = await ordinaryDay(shop, hooks.url('/broken'));
  await Promise.all([first, second].map((id) => hooks.hook(`${id}-completed`)));
  await hooks.hook(`${broken}-completed`);
  await spans.span(null, 'deliver webhook');
  const note = canary('metadata of what fails');
  const tooLong = { version: 'slow', input: { size: 3_000 }, metadata: { note } };
  const failed = await shop.call('POST', '/v1/predictions', { body: tooLong });
  await worker.line({ msg: 'prediction failed', prediction: failed.json.id });
  await badCallers(shop);
  // A courier that is told a wrong password, one whose address is none, and a day without Redis.
  const locked = fleet.launch('courier', { REDIS_URL: `redis://:${canary('wrong password')}@127.0.0.1:${redis.port}` });
  await locked.line({ level: 'warn', category: 'dependency' });
  const lost = fleet.launch('courier', { REDIS_URL: `redis://:${canary('password of nowhere')}@[nowhere:6379` });
  expect(await lost.exited).toEqual({ code: 78, signal: null });
  const metrics = await Promise.all([api, worker, courier].map(({ opsUrl }) => call('GET', `${opsUrl}/metrics`)));
  await redis.kill();
  await refused(shop, '/v1/predictions', { body: { ...IRIS, metadata: { note: canary('metadata in the dark') } } });
  await worker.line({ msg: 'redis error' });

  const all = [api, worker, courier, locked, lost].map(wordsOf).join('\n');
  const sent = spans.requests.map(({ text }) => text).join('\n');
  const shown = metrics.map(({ text }) => text).join('\n');
  // What is searched has something in it.
  expect(all).toMatch(/"slow prediction"[^]*"delivery attempt"|"delivery attempt"[^]*"slow prediction"/);
  expect(all).toContain('http_500');
  expect(sent).toContain('deliver webhook');
  expect(shown).toContain('millrace_rejected_inputs_total');
  expect(problems.length).toBeGreaterThan(8);
  expect(canaries.size).toBeGreaterThan(20);
  for (const text of [all, sent, shown, problems.join('\n')]) expect(leaksIn(text)).toEqual([]);
});

/** Iris, and a model that ends what takes it longer than a fifth of a second. */
async function modelsWithLimit(): Promise<string> {
  const models = await copySlowModel((manifest) => (manifest.timeout_ms = 200));
  await cp(path.join(MODELS_DIR, 'iris'), path.join(models, 'iris'), { recursive: true });
  return models;
}
