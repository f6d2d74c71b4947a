/**
 * Clients with keys: the first start makes one, an administrator makes the others, each does what its scopes say, and
 * one that is revoked is refused by every process within five seconds.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { newApiKey } from '#access/api-key';
import type { FleetProcess } from '#testing/fleet';
import { bearer, Caller } from '#testing/keys';
import { until } from '#testing/patience';
import { IRIS, post } from '#testing/predictions';
import { fleetFor, freshPrefix } from '../stage.js';

const fleet = fleetFor('file', { AUTH: 'on' });
let api: FleetProcess;
let other: FleetProcess;
let admin: Caller;

beforeAll(async () => {
  api = await fleet.api();
  admin = new Caller(api, await api.firstKey());
  other = await fleet.api();
  await fleet.worker();
});

it('makes one first key, in whichever process is first, and hands it over past the log', async () => {
  const prefix = freshPrefix();
  const both = [1, 2].map(() => fleet.launch('api', { REDIS_PREFIX: prefix }));
  await Promise.all(both.map((one) => one.ready('degraded')));
  const [key] = await until(
    async () => {
      const shown = both.flatMap((one) => one.shownKey ?? []);
      return shown.length > 0 && shown;
    },
    { deadlineMs: 30_000, what: 'the first key' },
  );
  const holder = new Caller(both[1]!, key!);
  expect(await holder.keys()).toMatchObject([{ client: 'admin', scopes: ['admin'], status: 'active' }]);
  expect(both.flatMap((one) => one.shownKey ?? [])).toHaveLength(1);
  for (const one of both) {
    expect(JSON.stringify(one.lines)).not.toContain(key);
    await one.stop();
  }
});

it('takes the first key from a file, and refuses to start with one that holds none', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-key-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'key');
  const key = newApiKey();
  await writeFile(file, `${key}\n`);
  const prefix = freshPrefix();
  const given = await fleet.api({ REDIS_PREFIX: prefix, BOOTSTRAP_KEY_FILE: file, APP_ENV: 'production' });
  expect(await new Caller(given, key).keys()).toHaveLength(1);
  expect(given.shownKey).toBeNull();
  await given.stop();

  await writeFile(file, 'hunter2-hunter2');
  const refused = fleet.launch('api', { REDIS_PREFIX: freshPrefix(), BOOTSTRAP_KEY_FILE: file });
  expect((await refused.exited).code).toBe(78);
  expect(JSON.stringify(refused.lines)).toMatch(/BOOTSTRAP_KEY.*holds no key/);
  expect(JSON.stringify(refused.lines)).not.toContain('hunter2');
});

it('makes the first key when keys are switched on where none that was made before may make another', async () => {
  const prefix = freshPrefix();
  const open = await fleet.api({ REDIS_PREFIX: prefix, AUTH: 'off' });
  const made = await open.call('POST', '/v1/keys', {
    body: { client: 'shop', scopes: ['predict'] },
  });
  expect(made.status, made.text).toBe(201);
  await open.stop();
  const closed = await fleet.api({ REDIS_PREFIX: prefix });
  const clients = (await new Caller(closed, await closed.firstKey()).keys()).map(({ client }) => client);
  expect(clients.sort()).toEqual(['admin', 'shop']);
  await closed.stop();

  const late = await fleet.api({ REDIS_PREFIX: prefix, BOOTSTRAP_KEY: newApiKey() });
  const isSaid = (): boolean => late.lines.some(({ msg }) => msg?.startsWith('BOOTSTRAP_KEY is ignored'));
  await until(isSaid, { deadlineMs: 30_000, what: 'a word of the key that is not taken' });
  await late.stop();
});

it.each([
  { AUTH: 'off', APP_ENV: 'production' },
  { AUTH: 'off', HOST: '0.0.0.0' },
])('refuses to start with %j, and says why', async (settings) => {
  const refused = fleet.launch('api', settings);
  expect((await refused.exited).code).toBe(78);
  expect(JSON.stringify(refused.lines)).toMatch(/Setting AUTH: off would open the API/);
});

it('shows a key once, and what it is for afterwards', async () => {
  const made = await admin.call('POST', '/v1/keys', {
    body: { client: 'shop', name: 'checkout', scopes: ['predict', 'label'], expires_at: '2100-01-01T00:00:00Z' },
  });
  expect(made.status).toBe(201);
  expect(made.headers.get('cache-control')).toBe('no-store');
  const { key, id } = made.json;
  expect(key).toMatch(/^mr_live_[0-9A-Za-z]{36}$/);
  expect(key.slice(8, 16)).toBe(id);
  const shown = await admin.call('GET', `/v1/keys/${id}`);
  expect(shown.json).toMatchObject({ client: 'shop', name: 'checkout', status: 'active', last_used_at: null });
  expect(shown.text).not.toContain(key);
  await new Caller(api, key).call('GET', '/v1/models');
  await until(async () => (await admin.call('GET', `/v1/keys/${id}`)).json.last_used_at !== null, {
    deadlineMs: 20_000,
    what: 'its use to be noted',
  });
});

describe('says what is wrong with a key that is asked for', () => {
  it.each([
    [{}, '/client'],
    [{ client: 'Shop!', scopes: ['predict'] }, '/client'],
    [{ client: 'shop', scopes: [] }, '/scopes'],
    [{ client: 'shop', scopes: ['root'] }, '/scopes'],
    [{ client: 'shop', scopes: ['predict'], expires_at: 'soon' }, '/expires_at'],
    [{ client: 'shop', scopes: ['predict'], expires_at: '2001-01-01T00:00:00Z' }, '/expires_at'],
    [{ client: 'shop', scopes: ['predict'], digest: 'x' }, '/digest'],
  ])('%j', async (body, pointer) => {
    const { status, json } = await admin.call('POST', '/v1/keys', { body });
    expect(status).toBe(422);
    expect(json.errors.map((error) => error.pointer)).toContain(pointer);
  });
});

it('lets a key do what its scopes say and nothing else', async () => {
  const scopes = ['predict', 'label', 'deploy', 'operate'] as const;
  for (const scope of scopes) {
    const caller = await admin.make([scope]);
    const predicted = await caller.call('POST', '/v1/predictions', { body: IRIS });
    expect(predicted.status, scope).toBe(scope === 'predict' ? 201 : 403);
    expect((await caller.call('GET', '/v1/models')).status, scope).toBe(200);
    const refused = await caller.call('GET', '/v1/keys');
    expect(refused.status, scope).toBe(403);
    expect(refused.json.code).toBe('missing_scope');
  }
});

it('admits nobody without a valid key', async () => {
  const text = newApiKey();
  const wrong = [
    {},
    { authorization: '' },
    { authorization: 'Bearer' },
    { authorization: 'Bearer ' },
    { authorization: `Basic ${admin.key}` },
    { authorization: admin.key },
    bearer(text),
    bearer(text.slice(0, -1)),
    bearer(admin.key.toUpperCase()),
    bearer(admin.key.replace('live', 'test')),
    bearer(`${admin.key} ${admin.key}`),
    bearer('x'.repeat(10_000)),
  ];
  for (const headers of wrong) {
    const answer = await post(api, IRIS, headers);
    expect(answer.status, JSON.stringify(headers)).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="millrace"/);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.text).not.toContain(text);
  }
  expect((await api.call('GET', `/v1/models?key=${admin.key}&access_token=${admin.key}`)).status).toBe(401);
  expect((await post(api, IRIS, { authorization: `bearer ${admin.key}` })).status).toBe(201);
});

it('a key that was made in one process works in the other at once, and none works after it was revoked', async () => {
  const caller = await admin.make(['predict']);
  expect((await caller.at(other).call('GET', '/v1/models')).status).toBe(200);
  const revoked = await admin.call('POST', `/v1/keys/${caller.id}/revoke`);
  expect(revoked.json.status).toBe('revoked');
  expect((await caller.call('GET', '/v1/models')).status).toBe(401);
  await until(async () => (await caller.at(other).call('GET', '/v1/models')).status === 401, {
    deadlineMs: 5_000,
    what: 'the other process to refuse it',
  });
});

it('ends a key at its time', async () => {
  const expiresAt = new Date(Date.now() + 4_000).toISOString();
  const made = await admin.call('POST', '/v1/keys', {
    body: { client: 'brief', scopes: ['predict'], expires_at: expiresAt },
  });
  const caller = new Caller(api, made.json.key);
  expect((await caller.call('GET', '/v1/models')).status).toBe(200);
  await until(async () => (await caller.call('GET', '/v1/models')).status === 401, {
    deadlineMs: 20_000,
    what: 'the key to expire',
  });
});

it.each([undefined, 'null'])('rotates with the usual overlap where nothing is asked for: body %s', async (raw) => {
  const old = await admin.make(['predict']);
  const rotated = await admin.call('POST', `/v1/keys/${old.id}/rotate`, raw === undefined ? {} : { raw });
  expect(rotated.status, rotated.text).toBe(201);
  expect((await old.call('GET', '/v1/batches')).status).toBe(200);
});

it('rotates with an overlap: both keys are one client, until the old one ends', async () => {
  const old = await admin.make(['predict'], 'rotating');
  const id = (await old.call('POST', '/v1/predictions', { body: IRIS })).json.id;
  const rotated = await admin.call('POST', `/v1/keys/${old.id}/rotate`, { body: { overlap_seconds: 5 } });
  expect(rotated.status).toBe(201);
  const fresh = new Caller(api, rotated.json.key);
  expect(rotated.json).toMatchObject({ client: 'rotating', scopes: ['predict'] });
  for (const caller of [old, fresh]) {
    expect((await caller.call('GET', `/v1/predictions/${id}`)).status).toBe(200);
  }
  expect((await admin.call('GET', `/v1/keys/${old.id}`)).json.replaced_by).toBe(rotated.json.id);
  const again = await admin.call('POST', `/v1/keys/${old.id}/rotate`, { body: {} });
  expect(again.status).toBe(409);
  expect(again.json.code).toBe('key_not_rotatable');
  await until(async () => (await old.call('GET', '/v1/models')).status === 401, {
    deadlineMs: 20_000,
    what: 'the old key to end',
  });
  expect((await fresh.call('GET', '/v1/models')).status).toBe(200);
});

it('makes one successor, also of two administrators at once', async () => {
  const old = await admin.make(['predict']);
  const answers = await Promise.all(
    [api, other].map((at) => admin.at(at).call('POST', `/v1/keys/${old.id}/rotate`, { body: {} })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
});

it('keeps one administrator', async () => {
  const self = (await admin.keys()).filter(({ scopes, status }) => scopes.includes('admin') && status === 'active');
  expect(self).toHaveLength(1);
  const { status, json } = await admin.call('POST', `/v1/keys/${self[0]!.id}/revoke`);
  expect(status).toBe(409);
  expect(json.code).toBe('last_admin_key');
});

it('keeps one administrator who stays: a key that ends soon is no reason to revoke the other', async () => {
  const self = (await admin.keys()).find(({ status, scopes }) => scopes.includes('admin') && status === 'active')!;
  const brief = await admin.call('POST', '/v1/keys', {
    body: { client: 'brief', scopes: ['admin'], expires_at: new Date(Date.now() + 3_600_000).toISOString() },
  });
  const refused = await new Caller(api, brief.json.key).call('POST', `/v1/keys/${self.id}/revoke`);
  expect(refused.status).toBe(409);
  expect(refused.json.code).toBe('last_admin_key');
  expect(refused.text).toContain('first create one');
  // Beside one that stays, the brief one may go.
  expect((await admin.call('POST', `/v1/keys/${brief.json.id}/revoke`)).status).toBe(200);
});

it("another client's prediction does not exist", async () => {
  const [owner, stranger] = [await admin.make(['predict']), await admin.make(['predict'])];
  const { json } = await owner.call('POST', '/v1/predictions', { body: IRIS, headers: { prefer: 'wait=20' } });
  expect(json.status).toBe('succeeded');
  for (const [method, route] of [
    ['GET', ''],
    ['GET', '?wait=1'],
    ['POST', '/cancel'],
  ] as const) {
    const answer = await stranger.call(method, `/v1/predictions/${json.id}${route}`);
    expect(answer.status).toBe(404);
    expect(answer.json.code).toBe('not_found');
  }
  const key = { 'idempotency-key': 'same' };
  const mine = await owner.call('POST', '/v1/predictions', { body: IRIS, headers: key });
  const theirs = await stranger.call('POST', '/v1/predictions', { body: IRIS, headers: key });
  expect(theirs.json.id).not.toBe(mine.json.id);
});

it('no key is in any log line', () => {
  const lines = JSON.stringify([...api.lines, ...other.lines]);
  expect(lines).not.toMatch(/mr_live_/);
});
