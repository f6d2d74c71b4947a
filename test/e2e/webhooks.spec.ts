/**
 * Webhooks: a service that wants to be called back is called, with a signature that the reference library accepts, at
 * least once and with one id an event; nobody is called whom the guard forbids; and what was sent can be looked at.
 */
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Webhook } from 'standardwebhooks';
import type { FleetProcess } from '#testing/fleet';
import type { Body } from '#testing/http';
import { Caller } from '#testing/keys';
import { until } from '#testing/patience';
import { ENDED, IRIS } from '#testing/predictions';
import { WebhookReceiver, type ReceivedHook } from '#testing/webhook-receiver';
import { fleetFor } from '../stage.js';

/** Less than the 15 s after which a try at a receiver that says nothing ends. */
const WITHOUT_WAIT_MS = 10_000;

const fleet = fleetFor('file', { AUTH: 'on', WEBHOOK_ALLOW_PRIVATE: 'true' });
let api: FleetProcess;
let admin: Caller;
let shop: Caller;

beforeAll(async () => {
  api = await fleet.api();
  admin = new Caller(api, await api.firstKey());
  shop = await admin.make(['predict'], 'shop');
  await Promise.all([fleet.worker(), fleet.courier()]);
});

async function receiver(): Promise<WebhookReceiver> {
  const started = await new WebhookReceiver().start();
  onTestFinished(() => started.stop());
  return started;
}

async function order(url: string, events?: readonly string[], extra: object = {}): Promise<string> {
  const body = { ...IRIS, webhook: url, ...(events === undefined ? {} : { webhook_events_filter: events }), ...extra };
  const { status, json, text } = await shop.call('POST', '/v1/predictions', { body });
  expect(status, text).toBe(201);
  return json.id;
}

/** As `GET` shows it, but for the token of its stream: that is for the caller, and not for whoever is told. */
async function shownOf(id: string): Promise<Body> {
  const { json } = await shop.call('GET', `/v1/predictions/${id}`);
  const { stream } = json.urls;
  expect(stream).toContain('?token=');
  return { ...json, urls: { ...json.urls, stream: stream.replace(/\?.*/, '') } };
}

async function secretOf(caller: Caller): Promise<string> {
  return (await caller.call('GET', '/v1/webhooks/default/secret')).json.key;
}

/** What a process is started with so that its resolver knows one name, `inside.example.com`. */
function resolving(address: string): string {
  const module = `
    import { Resolver } from 'node:dns/promises';
    Resolver.prototype.resolve4 = async (host) => host === 'inside.example.com' ? ['${address}'] : [];
    Resolver.prototype.resolve6 = async () => [];`;
  return `--import=data:text/javascript,${encodeURIComponent(module)}`;
}

function verify(secret: string, { text, headers }: ReceivedHook): unknown {
  return new Webhook(secret).verify(text, headers as Record<string, string>);
}

it('tells of the end, signed, with the resource as GET shows it', async () => {
  const hooks = await receiver();
  const id = await order(hooks.url('/done?tenant=1'));
  const hook = await hooks.hook(`${id}-completed`);
  expect(hook.path).toBe('/done?tenant=1');
  expect(hook.headers['content-type']).toBe('application/json');
  verify(await secretOf(shop), hook);
  const shown = await shownOf(id);
  expect(hook.json).toEqual(shown);
  expect(shown).toMatchObject({ status: 'succeeded', webhook: hooks.url('/done?tenant=1') });
  const delivery = await until(
    async () => {
      const { json } = await shop.call('GET', `/v1/deliveries/${id}-completed`);
      return json.status === 'delivered' && json;
    },
    { deadlineMs: 20_000, what: 'the delivery to be noted' },
  );
  expect(delivery).toMatchObject({ event: 'completed', subject: id, attempts: [{ status: 204, error: null }] });
  expect((await shop.call('GET', '/v1/deliveries')).json.results.map(({ id: one }) => one)).toContain(
    `${id}-completed`,
  );
});

it('tells of the events that were asked for', async () => {
  const hooks = await receiver();
  const id = await order(hooks.url(), ['start', 'output', 'completed']);
  const kinds = ['start', 'output', 'completed'];
  const [start, output, completed] = await Promise.all(kinds.map((kind) => hooks.hook(`${id}-${kind}`)));
  expect(start!.json.started_at).not.toBeNull();
  expect(output!.json.output.label).toBe('setosa');
  expect(completed!.json.status).toBe('succeeded');
  expect(hooks.received).toHaveLength(3);
  const quiet = await order(hooks.url(), ['start']);
  await hooks.hook(`${quiet}-start`);
  expect((await shop.call('GET', `/v1/predictions/${quiet}?wait=10`)).json.status).toBe('succeeded');
  expect(hooks.ids).not.toContain(`${quiet}-completed`);
});

it('tells many, each once', async () => {
  const hooks = await receiver();
  const ids = await Promise.all(Array.from({ length: 200 }, () => order(hooks.url())));
  await Promise.all(ids.map((id) => hooks.hook(`${id}-completed`)));
  expect(hooks.received).toHaveLength(200);
});

it('tells of a prediction that was canceled', async () => {
  const hooks = await receiver();
  const id = await order(hooks.url());
  await shop.call('POST', `/v1/predictions/${id}/cancel`);
  const { json } = await hooks.hook(`${id}-completed`);
  expect(json).toEqual(await shownOf(id));
});

it('a repeated Idempotency-Key tells once', async () => {
  const hooks = await receiver();
  const body = { ...IRIS, webhook: hooks.url() };
  const headers = { 'idempotency-key': 'told-once' };
  const answers = [];
  for (let i = 0; i < 3; i += 1) answers.push(await shop.call('POST', '/v1/predictions', { body, headers }));
  const ids = new Set(answers.map(({ json }) => json.id));
  expect(ids.size).toBe(1);
  const [id] = ids;
  await hooks.hook(`${id!}-completed`);
  const other = await order(hooks.url());
  await hooks.hook(`${other}-completed`);
  expect(hooks.received).toHaveLength(2);
});

it('tries again when the receiver failed, with the same id and body and a new time', async () => {
  const hooks = await receiver();
  hooks.answering = (_, response) => void response.writeHead(hooks.received.length === 1 ? 500 : 200).end();
  const id = await order(hooks.url());
  await until(() => hooks.received.length === 2, { deadlineMs: 20_000, what: 'the second try' });
  const [first, second] = hooks.received;
  expect(second!.atMs - first!.atMs).toBeGreaterThan(4_500);
  expect(second!.text).toBe(first!.text);
  expect(second!.headers['webhook-id']).toBe(`${id}-completed`);
  expect(Number(second!.headers['webhook-timestamp'])).toBeGreaterThan(Number(first!.headers['webhook-timestamp']));
  const secret = await secretOf(shop);
  verify(secret, first!);
  verify(secret, second!);
});

it('follows no redirect, stops at 410, and sends again when asked', async () => {
  const hooks = await receiver();
  hooks.answering = (hook, response) =>
    void (
      hook.path === '/gone' ? response.writeHead(410) : response.writeHead(302, { location: hooks.url('/x') })
    ).end();
  const moved = await order(hooks.url('/moved'));
  const gone = await order(hooks.url('/gone'));
  await hooks.hook(`${moved}-completed`);
  await hooks.hook(`${gone}-completed`);
  const dead = await until(
    async () => {
      const { json } = await shop.call('GET', `/v1/deliveries/${gone}-completed`);
      return json.status === 'failed' && json;
    },
    { deadlineMs: 20_000, what: 'the dead letter' },
  );
  expect(dead).toMatchObject({ next_attempt_at: null, attempts: [{ status: 410 }] });
  const failed = (await shop.call('GET', '/v1/deliveries?status=failed')).json.results;
  expect(failed.map(({ id }) => id)).toEqual([`${gone}-completed`]);
  expect((await shop.call('GET', `/v1/deliveries/${moved}-completed`)).json).toMatchObject({ status: 'pending' });
  expect(hooks.received.map(({ path }) => path)).not.toContain('/x');

  hooks.answering = (_, response) => void response.writeHead(200).end();
  const times = (): number =>
    hooks.received.filter(({ headers }) => headers['webhook-id'] === `${gone}-completed`).length;
  expect(times()).toBe(1);
  expect((await shop.call('POST', `/v1/deliveries/${gone}-completed/redeliver`)).status).toBe(200);
  await until(() => times() === 2, { deadlineMs: 20_000, what: 'the redelivery' });
});

it('a receiver that is slow delays no other', async () => {
  const [slow, quick] = [await receiver(), await receiver()];
  slow.answering = () => undefined;
  for (let i = 0; i < 50; i += 1) await order(slow.url());
  const id = await order(quick.url());
  await quick.hook(`${id}-completed`, WITHOUT_WAIT_MS);
  expect(slow.received.length).toBeLessThanOrEqual(4);
});

it('receivers that are slow delay no other, however many addresses they have', async () => {
  const [slow, quick] = [await receiver(), await receiver()];
  slow.answering = () => undefined;
  for (let i = 0; i < 64; i += 1) await order(slow.url(`/hook?n=${i % 16}`));
  await until(() => slow.received.length === 64, { deadlineMs: 10_000, what: 'all of them to be under way' });
  // Also one at the very host that is slow elsewhere.
  slow.answering = ({ path }, response) => {
    if (path === '/quick') response.writeHead(204).end();
  };
  for (const hooks of [quick, slow]) {
    const id = await order(hooks.url('/quick'));
    await hooks.hook(`${id}-completed`, WITHOUT_WAIT_MS);
  }
});

it('signs with both secrets after a rotation', async () => {
  const old = await secretOf(shop);
  const rotated = await shop.call('POST', '/v1/webhooks/default/secret/rotate');
  expect(rotated.json.key).not.toBe(old);
  expect(await secretOf(shop)).toBe(rotated.json.key);
  const hooks = await receiver();
  // Every courier knows the new one within seconds.
  const hook = await until(
    async () => {
      const id = await order(hooks.url());
      const sent = await hooks.hook(`${id}-completed`);
      return String(sent.headers['webhook-signature']).split(' ').length === 2 && sent;
    },
    { deadlineMs: 30_000, what: 'two signatures' },
  );
  verify(old, hook);
  verify(rotated.json.key, hook);
});

it('what is large is sent thin', async () => {
  const hooks = await receiver();
  const metadata = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`k${i}`, '漢'.repeat(512)]));
  const id = await order(hooks.url(), undefined, { metadata });
  const { json, text } = await hooks.hook(`${id}-completed`);
  const shown = await shownOf(id);
  expect(Buffer.byteLength(JSON.stringify(shown))).toBeGreaterThan(24_000);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(20_000);
  expect(json).toEqual({ ...shown, metadata: null, omitted: ['metadata'] });
});

it('its deliveries are listed page by page, with the filter that was asked for', async () => {
  const hooks = await receiver();
  hooks.answering = ({ path }, response) => void response.writeHead(path === '/gone' ? 410 : 204).end();
  const pager = await admin.make(['predict']);
  const orderOf = async (path: string): Promise<string> => {
    const body = { ...IRIS, webhook: hooks.url(path) };
    return (await pager.call('POST', '/v1/predictions', { body })).json.id;
  };
  const gone: string[] = [];
  for (let i = 0; i < 3; i += 1) {
    gone.push(`${await orderOf('/gone')}-completed`);
    await orderOf('/there');
    await orderOf('/there');
    const countOf = async (status: string): Promise<number> =>
      (await pager.call('GET', `/v1/deliveries?status=${status}`)).json.results.length;
    const settled = async (): Promise<boolean> =>
      (await countOf('failed')) === i + 1 && (await countOf('delivered')) === 2 * (i + 1);
    await until(settled, { deadlineMs: 30_000, what: 'all deliveries to end' });
  }
  const pages: string[][] = [];
  let next: unknown = '/v1/deliveries?status=failed&limit=2';
  while (typeof next === 'string') {
    const { status, json, text } = await pager.call('GET', next);
    expect(status, text).toBe(200);
    pages.push(json.results.map(({ id }) => id));
    next = json.next;
  }
  expect(pages.flat()).toEqual(gone.reverse());
  expect(pages).toHaveLength(2);
});

describe('for callers that cannot be called', () => {
  it('events are read, oldest first, and read on', async () => {
    const reader = await admin.make(['predict']);
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1) {
      const { json } = await reader.call('POST', '/v1/predictions', {
        body: { ...IRIS, webhook_events_filter: ['completed'] },
        headers: { prefer: 'wait=20' },
      });
      ids.push(json.id);
    }
    const page = await until(
      async () => {
        const { json } = await reader.call('GET', '/v1/events');
        return json.results.length === 3 && json;
      },
      { deadlineMs: 30_000, what: 'three events' },
    );
    expect(page.results.map(({ id }) => id).sort()).toEqual(ids.map((id) => `${id}-completed`).sort());
    expect(page.results.every(({ data }) => ENDED.includes(String(data.status)))).toBe(true);
    const next = (await reader.call('GET', `/v1/events?after=${String(page.next)}`)).json;
    expect(next.results).toEqual([]);
    expect((await reader.call('GET', '/v1/deliveries')).json.results).toEqual([]);
  });
});

describe('is refused with 422 where it may not go', () => {
  it.each([
    'ftp://example.com/',
    'nonsense',
    'https://user:pw@example.com/',
    'http://127.0.0.1:1/#x',
    '',
    'x'.repeat(3_000),
  ])('%s', async (webhook) => {
    const { status, json } = await shop.call('POST', '/v1/predictions', { body: { ...IRIS, webhook } });
    expect(status).toBe(422);
    expect(json.errors[0]!.pointer).toBe('/webhook');
  });

  it.each([[['done']], [[]], ['completed'], [['start', 'start']]])('with the events %j', async (events) => {
    const body = { ...IRIS, webhook: 'https://example.com/', webhook_events_filter: events };
    const { status, json } = await shop.call('POST', '/v1/predictions', { body });
    expect(status).toBe(422);
    expect(json.errors[0]!.pointer).toMatch(/^\/webhook_events_filter/);
  });

  it('where its name leads inside, for a prediction and for a batch; what does not resolve is looked up again', async () => {
    const strict = await fleet.api({ WEBHOOK_ALLOW_PRIVATE: 'false', NODE_OPTIONS: resolving('10.0.0.5') });
    const caller = shop.at(strict);
    const ask = (webhook: string) => caller.call('POST', '/v1/predictions', { body: { ...IRIS, webhook } });
    const batch = (webhook: string) =>
      caller.call('POST', `/v1/batches?model=iris&webhook=${encodeURIComponent(webhook)}`, { body: [IRIS.input] });
    for (const answer of [await ask('https://inside.example.com/'), await batch('https://inside.example.com/')]) {
      expect(answer.status, answer.text).toBe(422);
      expect(answer.json.errors[0]).toMatchObject({ pointer: '/webhook', code: 'forbidden_url' });
      expect(answer.text).not.toContain('10.0.0.5');
    }
    for (const answer of [await ask('https://nowhere.example.com/'), await batch('https://nowhere.example.com/')]) {
      expect(answer.status, answer.text).toBe(201);
    }
  });

  it('and where the setting does not allow private addresses it names the setting', async () => {
    const strict = await fleet.api({ WEBHOOK_ALLOW_PRIVATE: 'false' });
    const body = { ...IRIS, webhook: 'http://127.0.0.1:9/' };
    const { status, json } = await shop.at(strict).call('POST', '/v1/predictions', { body });
    expect(status).toBe(422);
    expect(json.errors[0]!.detail).toContain('WEBHOOK_ALLOW_PRIVATE=true');
  });
});

it("another client's deliveries, events and secret do not exist", async () => {
  const hooks = await receiver();
  const id = await order(hooks.url());
  await hooks.hook(`${id}-completed`);
  const stranger = await admin.make(['predict']);
  expect((await stranger.call('GET', `/v1/deliveries/${id}-completed`)).status).toBe(404);
  expect((await stranger.call('POST', `/v1/deliveries/${id}-completed/redeliver`)).status).toBe(404);
  expect((await stranger.call('GET', '/v1/deliveries')).json.results).toEqual([]);
  expect((await stranger.call('GET', '/v1/events')).json.results).toEqual([]);
  expect(await secretOf(stranger)).not.toBe(await secretOf(shop));
});
