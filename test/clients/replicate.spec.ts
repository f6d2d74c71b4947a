/**
 * The published client of the API that ours follows, the npm package `replicate`, works against a fleet with nothing but
 * another address and another key. Every call that `docs/clients.md` promises is made here.
 */
import Replicate, { validateWebhook } from 'replicate';
import type { ApiError, Prediction, ServerSentEvent } from 'replicate';
import { beforeAll, describe, expect, it } from 'vitest';
import type { FleetProcess } from '#testing/fleet';
import { Caller } from '#testing/keys';
import { shipped } from '#testing/models';
import { IRIS } from '#testing/predictions';
import { WebhookReceiver } from '#testing/webhook-receiver';
import { fleetFor } from '../stage.js';

const fleet = fleetFor('file', { AUTH: 'on', WEBHOOK_ALLOW_PRIVATE: 'true' });
const input = IRIS.input as object;
const MODEL = 'millrace/iris';

let api: FleetProcess;
let replicate: Replicate;
let versionId: string;

function clientOf(auth: string): Replicate {
  return new Replicate({ auth, baseUrl: `${api.url}/v1` });
}

beforeAll(async () => {
  ({ api } = await fleet.pair());
  await fleet.courier();
  const admin = new Caller(api, await api.firstKey());
  replicate = clientOf((await admin.make(['predict'])).key);
  versionId = (await shipped('iris')).id;
});

async function refusalOf(work: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await work.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ name: 'ApiError' });
  return error as ApiError;
}

describe('run', () => {
  it.each([
    ['a model, blocking', MODEL, undefined],
    ['a model, blocking for a while', MODEL, { mode: 'block', timeout: 30 }],
    ['a model, polling', MODEL, { mode: 'poll', interval: 50 }],
  ] as const)('%s', async (_, ref, wait) => {
    const seen: string[] = [];
    const options = { input, ...(wait === undefined ? {} : { wait }) };
    const output = await replicate.run(ref, options, ({ status }) => seen.push(status));
    expect(output).toMatchObject({ label: 'setosa' });
    expect(seen.at(-1)).toBe('succeeded');
  });

  it('a version by its id', async () => {
    expect(await replicate.run(`${MODEL}:${versionId}`, { input })).toMatchObject({ label: 'setosa' });
  });
});

describe('predictions', () => {
  it('are created, got and waited for', async () => {
    const created = await replicate.predictions.create({ model: MODEL, input });
    expect(created).toMatchObject({ status: 'starting', model: MODEL, version: versionId, input, source: 'api' });
    const ended = await replicate.wait(created, { interval: 50 });
    expect(ended).toMatchObject({ id: created.id, status: 'succeeded', output: { label: 'setosa' }, logs: '' });
    expect(await replicate.predictions.get(created.id)).toEqual(ended);
    const old = { version: versionId, input, wait: 30, stream: true };
    const waited = await replicate.predictions.create(old);
    expect(waited.status).toBe('succeeded');
  });

  it('are canceled', async () => {
    const { id } = await replicate.predictions.create({ version: 'iris', input, wait: true });
    expect(await replicate.predictions.cancel(id)).toMatchObject({ id, status: 'succeeded' });
    const fresh = await replicate.predictions.create({ version: 'iris', input });
    const after = await replicate.predictions.cancel(fresh.id);
    expect(['canceled', 'succeeded']).toContain(after.status);
  });

  it('are listed, page by page', async () => {
    const created: string[] = [];
    for (let i = 0; i < 110; i += 1) created.push((await replicate.predictions.create({ model: MODEL, input })).id);
    const { results } = await replicate.predictions.list();
    expect(results.map(({ id }) => id)).toEqual(created.slice(-100).reverse());
    const pages: Prediction[][] = [];
    for await (const page of replicate.paginate(replicate.predictions.list)) pages.push(page);
    expect(pages.length).toBeGreaterThan(1);
    const ids = pages.flat().map(({ id }) => id);
    expect(ids.slice(0, 110)).toEqual(created.reverse());
    expect(new Set(ids).size).toBe(ids.length);
  });
});

it('a prediction is streamed', async () => {
  const events: ServerSentEvent[] = [];
  for await (const event of replicate.stream(MODEL, { input })) events.push(event);
  expect(events.map(({ event }) => event)).toEqual(['start', 'output', 'completed', 'done']);
  expect(JSON.parse(events[1]!.data)).toMatchObject({ label: 'setosa' });
  // What a program that prints its stream shows.
  expect(events.map(String).join('')).toBe(events[1]!.data);
  expect(events[3]!.data).toBe('{}');
});

it('models and their versions are shown', async () => {
  const { results } = await replicate.models.list();
  expect(results.map(({ name }) => name)).toContain('iris');
  const model = await replicate.models.get('millrace', 'iris');
  expect(model).toMatchObject({
    owner: 'millrace',
    name: 'iris',
    visibility: 'public',
    latest_version: { id: versionId },
  });
  const versions = await replicate.models.versions.list('millrace', 'iris');
  expect(versions.results.map(({ id }) => id)).toContain(versionId);
  const version = await replicate.models.versions.get('millrace', 'iris', versionId);
  expect(version).toMatchObject({
    id: versionId,
    openapi_schema: { components: { schemas: { Input: { properties: { sepal_length: { type: 'number' } } } } } },
  });
});

it('a webhook is verified with the secret that it asks for', async () => {
  const hooks = await new WebhookReceiver().start();
  try {
    const { key } = await replicate.webhooks.default.secret.get();
    const { id } = await replicate.predictions.create({
      model: MODEL,
      input,
      webhook: hooks.url(),
      webhook_events_filter: ['completed'],
    });
    const { headers, text } = await hooks.hook(`${id}-completed`);
    const request = {
      id: String(headers['webhook-id']),
      timestamp: String(headers['webhook-timestamp']),
      signature: String(headers['webhook-signature']),
      body: text,
      secret: key,
    };
    expect(JSON.parse(text)).toMatchObject({ id, status: 'succeeded' });
    expect(await validateWebhook(request)).toBe(true);
    expect(await validateWebhook({ ...request, body: text.replace('setosa', 'virginica') })).toBe(false);
  } finally {
    hooks.stop();
  }
});

describe('what is wrong is an ApiError with our problem', () => {
  it('an input', async () => {
    const wrong = { ...input, sepal_length: 'long' };
    const { response, message } = await refusalOf(replicate.run(MODEL, { input: wrong }));
    expect(response.status).toBe(422);
    expect(message).toContain('/input/sepal_length');
    expect(message).toContain('must be a number from 3 to 10 (cm)');
  });

  it('a model, a prediction, a key', async () => {
    expect((await refusalOf(replicate.run('millrace/none', { input }))).response.status).toBe(404);
    expect((await refusalOf(replicate.predictions.get('none'))).response.status).toBe(404);
    expect((await refusalOf(clientOf('wrong').models.list())).response.status).toBe(401);
  });

  it('what Millrace does not have', async () => {
    // All at once: one that is refused while another is waited for must have been heard.
    const calls = [
      replicate.accounts.current(),
      replicate.collections.list(),
      replicate.deployments.list(),
      replicate.files.list(),
      replicate.hardware.list(),
      replicate.trainings.list(),
      replicate.models.search('iris'),
    ];
    for (const refusal of await Promise.all(calls.map((call) => refusalOf(call)))) {
      expect(refusal.response.status).toBe(404);
    }
  });
});
