/** The operators' pages: who may see them, what they say, and a failed prediction that is put back. */
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { FleetProcess } from '#testing/fleet';
import { call, callRaw, type Answer } from '#testing/http';
import { BRIEF, ENDLESS, impatientModel } from '#testing/impatient-model';
import { bearer, Caller } from '#testing/keys';
import { until } from '#testing/patience';
import { ended, IRIS } from '#testing/predictions';
import { fleetFor, fleetOfTest, ownRedis } from '../stage.js';

/** A browser: it keeps the cookie that it was given, and sends forms. */
class Browser {
  #cookie: string | null = null;

  constructor(private readonly address: string) {}

  async open(path: string): Promise<Answer> {
    return call('GET', `${this.address}${path}`, { headers: this.#headers() });
  }

  async send(path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
    const response = await fetch(`${this.address}${path}`, {
      method: 'POST',
      redirect: 'manual',
      headers: { ...this.#headers(), ...headers },
      body: new URLSearchParams(fields),
    });
    const [cookie] = response.headers.getSetCookie();
    if (cookie !== undefined) this.#cookie = cookie.split(';')[0] ?? null;
    return response;
  }

  #headers(): Record<string, string> {
    return { accept: 'text/html', ...(this.#cookie === null ? {} : { cookie: this.#cookie }) };
  }
}

describe('with keys on', () => {
  const fleet = fleetFor('file', { AUTH: 'on' });
  let api: FleetProcess;
  let admin: Caller;
  let operator: Caller;

  beforeAll(async () => {
    api = await fleet.api();
    admin = new Caller(api, await api.firstKey());
    operator = await admin.make(['operate'], 'operators');
  });

  const CLOSED = [
    '/ops',
    '/ops/',
    '/ops/failed',
    '/ops/predictions/x',
    '/ops/predictions?id=x',
    '/ops/models/iris/pause',
    '/ops/queues',
    '/ops/queues/',
    '/ops/queues/queue/iris',
    '/ops/queues/api/queues',
    '/ops/queues/api/queues?status=failed&page=1',
    '/ops/queues/static/css/main.css',
    '/ops/nothing',
    '/nothing',
    '/',
  ];

  function spellings(path: string): string[] {
    const tail = path.slice('/ops'.length);
    return [
      path,
      `${path}/`,
      `/${path}`,
      path.toUpperCase(),
      `/%6fps${tail}`,
      `/ops%2f${tail.slice(1)}`,
      `/health/..${path}`,
      `/ops/runbooks/..${tail}`,
      `/ops/runbooks/..%2f${tail.slice(1)}`,
      `/ops/sign-in/..${tail}`,
      `/ops/sign-in/x${tail}`,
      `${path};x=1`,
      `${path}%00`,
      `http://localhost${path}`,
    ];
  }

  it('nothing but health, metrics and runbooks is seen without signing in, however it is spelled', async () => {
    const found: string[] = [];
    for (const path of CLOSED) {
      for (const target of spellings(path)) {
        for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
          const answer = await callRaw(
            api.opsUrl,
            `${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
          );
          const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
          // 400: a URL that is none. 404: no such runbook.
          const expected = target.startsWith('/ops/runbooks/') ? [401, 400, 404] : [401, 400];
          if (!expected.includes(status)) found.push(`${method} ${target}: ${status}`);
          if (/iris|bull/i.test(answer.replaceAll(target, ''))) found.push(`${method} ${target} says something`);
        }
      }
    }
    expect(found).toEqual([]);
    for (const open of ['/health', '/ready', '/metrics', '/ops/runbooks/', '/ops/sign-in']) {
      expect((await call('GET', `${api.opsUrl}${open}`)).status, open).toBe(200);
    }
  });

  it('an operator signs in with a key, sees the pages, and signs out', async () => {
    const browser = new Browser(api.opsUrl);
    expect((await browser.open('/ops/queues')).text).toContain('value="/ops/queues"');
    expect((await browser.send('/ops/sign-in', { key: 'mr_live_nonsense', next: '/ops' })).status).toBe(401);
    const poor = await admin.make(['predict']);
    expect((await browser.send('/ops/sign-in', { key: poor.key, next: '/ops' })).status).toBe(403);
    expect((await browser.open('/ops')).status).toBe(401);

    const signedIn = await browser.send('/ops/sign-in', { key: operator.key, next: '/ops/queues' });
    expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, '/ops/queues']);
    expect(signedIn.headers.getSetCookie()[0]).toMatch(/HttpOnly.*SameSite=Strict/);
    expect(signedIn.headers.getSetCookie()[0]).not.toContain(operator.key);
    for (const path of ['/ops', '/ops/failed', '/ops/queues', '/ops/queues/api/queues']) {
      expect((await browser.open(path)).status, path).toBe(200);
    }
    expect((await browser.open('/ops')).text).toContain('iris');
    expect((await browser.open('/ops')).text).not.toContain('AUTH=off');

    expect((await browser.send('/ops/sign-out', {})).status).toBe(303);
    expect((await browser.open('/ops')).status).toBe(401);
  });

  it('a key in a header does as well, and only one that may operate', async () => {
    const statusWith = async ({ key }: Caller): Promise<number> =>
      (await call('GET', `${api.opsUrl}/ops`, { headers: bearer(key) })).status;
    expect(await statusWith(operator)).toBe(200);
    expect(await statusWith(admin)).toBe(200);
    expect(await statusWith(await admin.make(['predict', 'deploy']))).toBe(401);
  });

  it('a key that is revoked ends its sessions within five seconds', async () => {
    const leaving = await admin.make(['operate'], 'operators');
    const browser = new Browser(api.opsUrl);
    await browser.send('/ops/sign-in', { key: leaving.key, next: '/ops' });
    expect((await browser.open('/ops')).status).toBe(200);
    await admin.call('POST', `/v1/keys/${leaving.id}/revoke`);
    await until(async () => (await browser.open('/ops')).status === 401, {
      deadlineMs: 5_000,
      what: 'the door to close',
    });
  });

  it('leads nowhere else after signing in, and takes no form of another site', async () => {
    const browser = new Browser(api.opsUrl);
    for (const next of [
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      '/v1/keys',
      'javascript:alert(1)',
    ]) {
      const { headers } = await browser.send('/ops/sign-in', { key: operator.key, next });
      expect(headers.get('location'), next).toBe('/ops');
    }
    const foreign = { origin: 'https://evil.example' };
    expect((await browser.send('/ops/predictions/x/put-back', {}, foreign)).status).toBe(403);
    expect((await browser.send('/ops/models/iris/pause', {}, foreign)).status).toBe(403);
    expect((await browser.send('/ops/predictions/x/put-back', {}, { origin: api.opsUrl })).status).toBe(404);
    expect((await browser.send('/ops/models/nobody/pause', {})).status).toBe(404);
  });
});

describe('with keys off', () => {
  it('everybody may see the pages, and a banner says so', async () => {
    const api = await fleetOfTest().api();
    const page = await call('GET', `${api.opsUrl}/ops`);
    expect(page.status).toBe(200);
    expect(page.text).toContain('AUTH=off');
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'/);
    expect(page.text).toContain('No worker is alive');
  });
});

describe('a prediction that failed for good', () => {
  it('is found, and put back as a new one of the same client, once however often it is asked for', async () => {
    const fleet = fleetOfTest({ MODELS_DIR: await impatientModel(), AUTH: 'on' });
    const { api } = await fleet.pair();
    const admin = new Caller(api, await api.firstKey());
    const client = await admin.make(['predict'], 'shop');
    const browser = new Browser(api.opsUrl);
    await browser.send('/ops/sign-in', { key: (await admin.make(['operate'], 'night-shift')).key, next: '/ops' });

    const { json: failing } = await client.call('POST', '/v1/predictions', {
      body: { ...ENDLESS, metadata: { order: '7' } },
    });
    await until(async () => (await client.call('GET', `/v1/predictions/${failing.id}`)).json.status === 'failed', {
      deadlineMs: 60_000,
      what: 'it to fail',
    });
    await until(async () => (await browser.open('/ops/failed')).text.includes(failing.id), {
      deadlineMs: 30_000,
      what: 'it to be listed',
    });
    const page = (await browser.open(`/ops/predictions/${failing.id}`)).text;
    expect(page).toContain('timeout');
    for (const word of ['accepted', 'queued', 'started', 'retried', 'ended', 'Put back']) expect(page).toContain(word);

    const places = new Set<string | null>();
    for (let press = 0; press < 2; press += 1) {
      const { status, headers } = await browser.send(`/ops/predictions/${failing.id}/put-back`, {});
      expect(status).toBe(303);
      places.add(headers.get('location'));
    }
    expect(places.size).toBe(1);
    const freshId = [...places][0]!.split('/').at(-1)!;
    const fresh = (await client.call('GET', `/v1/predictions/${freshId}`)).json as unknown as {
      metadata: Record<string, string>;
      input: object;
    };
    expect(fresh).toMatchObject({ input: ENDLESS.input, metadata: { order: '7', retry_of: failing.id } });
    expect((await client.call('GET', `/v1/predictions/${failing.id}`)).json.status).toBe('failed');
    const stranger = await admin.make(['predict'], 'stranger');
    expect((await stranger.call('GET', `/v1/predictions/${freshId}`)).status).toBe(404);

    const done = await client.call('POST', '/v1/predictions', { body: BRIEF, headers: { prefer: 'wait=30' } });
    expect(done.json.status).toBe('succeeded');
    expect((await browser.send(`/ops/predictions/${done.json.id}/put-back`, {})).status).toBe(409);
    await client.call('POST', `/v1/predictions/${freshId}/cancel`);
  });
});

it('finds a prediction by the id that its client gave it, and asks which where several did', async () => {
  const api = await fleetOfTest({ AUTH: 'on' }).api();
  const admin = new Caller(api, await api.firstKey());
  const operator = await admin.make(['operate'], 'operators');
  const [shop, bank] = [await admin.make(['predict'], 'shop'), await admin.make(['predict'], 'bank')];
  const find = (id: string): Promise<Answer> =>
    call('GET', `${api.opsUrl}/ops/predictions?id=${encodeURIComponent(id)}`, { headers: bearer(operator.key) });
  const placeOf = async (id: string): Promise<string> => {
    const { status, headers } = await find(id);
    expect(status).toBe(302);
    return headers.get('location') ?? '';
  };
  for (const [client, id] of [
    [shop, 'order~1'],
    [shop, 'both'],
    [bank, 'both'],
  ] as const) {
    expect((await client.call('PUT', `/v1/predictions/${id}`, { body: IRIS })).status).toBe(201);
  }
  expect((await call('GET', `${api.opsUrl}/ops`, { headers: bearer(operator.key) })).text).toContain(
    '<form action="/ops/predictions"><input name="id"',
  );

  const place = await placeOf(' order~1 ');
  expect(place).toMatch(/^\/ops\/predictions\/p[0-9a-v]{32}$/);
  const { text: story } = await call('GET', api.opsUrl + place, { headers: bearer(operator.key) });
  expect(story).toContain('order~1');
  expect(story).toContain('shop');
  expect(await placeOf(place.split('/').at(-1)!)).toBe(place);

  // Whose key has ended still has its predictions.
  expect((await admin.call('POST', `/v1/keys/${bank.id}/revoke`)).status).toBe(200);
  const { status, text } = await find('both');
  expect(status).toBe(200);
  const hits = [...text.matchAll(/data-name="client">([^<]*)<.*?href="(\/ops\/predictions\/p[0-9a-v]{32})"/g)];
  expect(hits.map(([, client]) => client)).toEqual(['bank', 'shop']);
  for (const [, client = '', path = ''] of hits) {
    const page = await call('GET', api.opsUrl + path, { headers: bearer(operator.key) });
    expect(page.text).toContain(client);
  }

  for (const nobodys of ['order-2', '', '<b>', 'x'.repeat(200)]) {
    const none = await find(nobodys);
    expect([nobodys, none.status]).toEqual([nobodys, 404]);
    expect(none.text).toContain('No client has given this id');
  }
});

it('the status page counts what waits, runs and has ended', async () => {
  const fleet = fleetOfTest();
  const { api } = await fleet.pair();
  const { json } = await api.call('POST', '/v1/predictions', { body: IRIS });
  await ended(api, json.id);
  const page = async (): Promise<string> => (await call('GET', `${api.opsUrl}/ops`)).text;
  await until(async () => /executors<\/th>/.test(await page()) && (await page()).includes('iris:1.0.0'), {
    deadlineMs: 30_000,
    what: 'the worker on the page',
  });
});

it('the status page says that Redis is away, instead of waiting for it', async () => {
  const redis = await ownRedis();
  await redis.start();
  onTestFinished(() => redis.remove());
  const api = await fleetOfTest({ REDIS_URL: redis.url }).api();
  expect((await call('GET', `${api.opsUrl}/ops`)).status).toBe(200);
  redis.freeze();
  const began = Date.now();
  const { status, text } = await call('GET', `${api.opsUrl}/ops`);
  const tookMs = Date.now() - began;
  redis.thaw();
  expect([status, text.includes('Redis does not answer')]).toEqual([503, true]);
  expect(tookMs).toBeLessThan(5_000);
});
