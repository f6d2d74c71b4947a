/** Keys by the command line, at a fleet that asks for them: each is shown once, and a wrong wish is one sentence. */
import { beforeAll, expect, it } from 'vitest';
import { millrace, type Ran } from '#testing/command-line';
import type { FleetProcess } from '#testing/fleet';
import { Caller } from '#testing/keys';
import { until } from '#testing/patience';
import { fleetFor } from '../stage.js';

const KEY = /mr_live_[0-9A-Za-z]{36}/g;

const fleet = fleetFor('file', { AUTH: 'on' });
let api: FleetProcess;
let first: string;

beforeAll(async () => {
  // In production the first key is shown as anywhere else, since nobody could call without it.
  api = await fleet.api({ APP_ENV: 'production' });
  first = await api.firstKey();
});

function keys(...words: string[]): Promise<Ran> {
  return keysAs(first, ...words);
}

function keysAs(key: string, ...words: string[]): Promise<Ran> {
  return millrace(['keys', ...words, '--url', api.url], { MILLRACE_API_KEY: key });
}

async function made(...words: string[]): Promise<{ key: string; id: string }> {
  const { code, out, err } = await keys('create', ...words);
  expect(code, err).toBe(0);
  const key = out.trim();
  return { key, id: key.slice(8, 16) };
}

const status = async (key: string): Promise<number> => (await new Caller(api, key).call('GET', '/v1/models')).status;

it('makes a key, prints it alone and this once, and lists it afterwards', async () => {
  const words = ['-c', 'shop', '-s', 'predict,label', '-n', 'checkout', '-e', '2100-01-01T00:00:00Z'];
  const { code, out, err } = await keys('create', ...words);
  expect([code, out.match(KEY)?.length]).toEqual([0, 1]);
  const key = out.trimEnd();
  expect(key).toMatch(/^mr_live_\w+$/);
  const id = key.slice(8, 16);
  expect(err).toContain(`A key of shop for predict, label. It is shown only this once; its id is ${id}.`);
  expect(await status(key)).toBe(200);

  const table = await keys('list');
  expect(table.out).toMatch(new RegExp(`${id} .*shop .*predict label .*active .*2100-01-01T00:00:00.000Z .*checkout`));
  const json = await keys('list', '--json');
  expect(JSON.parse(json.out)).toContainEqual(expect.objectContaining({ id, client: 'shop', name: 'checkout' }));
  for (const { out: shown, err: said } of [table, json]) expect(shown + said).not.toMatch(KEY);
});

it('rotates a key: the new one is printed once, the old one ends with the overlap', async () => {
  const old = await made('-c', 'shop', '-s', 'predict');
  const rotated = await keys('rotate', old.id, '--overlap', '1');
  expect(rotated.code, rotated.err).toBe(0);
  expect(rotated.out.match(KEY)).toHaveLength(1);
  expect(await status(rotated.out.trim())).toBe(200);
  expect((await keys('list')).out).toContain(`replaced by ${rotated.out.trim().slice(8, 16)}`);
  await until(async () => (await status(old.key)) === 401, { deadlineMs: 20_000, what: 'the old key to end' });
  const again = await keys('rotate', old.id);
  expect([again.code, again.out]).toEqual([1, '']);
  expect(again.err).toMatch(/^The key was rotated before/);
});

it('revokes a key', async () => {
  const { key, id } = await made('-c', 'shop', '-s', 'predict');
  const { code, out } = await keys('revoke', id);
  expect([code, out.trim()]).toEqual([0, `The key ${id} of shop is revoked.`]);
  expect(await status(key)).toBe(401);
  expect((await keys('list')).out).toMatch(new RegExp(`${id} .*revoked`));
});

it('says in one sentence what is wrong', async () => {
  const stranger = await made('-c', 'shop', '-s', 'predict');
  const wrong: [Promise<Ran>, RegExp][] = [
    [keysAs(stranger.key, 'list'), /scope admin/],
    [keysAs('mr_live_nobody', 'list'), /key/],
    [keys('create', '-c', 'shop', '-s', 'root'), /must contain only predict, label, deploy, operate, admin/],
    [keys('create', '-c', 'Shop!', '-s', 'predict'), /lower-case letters/],
    [keys('rotate', 'zzzzzzzz'), /There is no such key/],
    [keys('revoke', 'zzzzzzzz'), /There is no such key/],
    [keys('revoke', 'short'), /must be eight letters and digits/],
    [keys('revoke', first.slice(8, 16)), /first create one/],
  ];
  for (const [command, sentence] of wrong) {
    const { code, out, err } = await command;
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(sentence);
    expect(err).not.toMatch(/^ {4}at /m);
  }
});

it('prints a key for a fleet that does not run yet, and asks nobody for it', async () => {
  const { code, out } = await millrace(['keys', 'generate'], {});
  expect(code).toBe(0);
  expect(await status(out.trim())).toBe(401);
});

it('shows the first key once in production as well: past the log, and not again at the next start', async () => {
  expect(first).toMatch(/^mr_live_[0-9A-Za-z]{36}$/);
  expect(JSON.stringify(api.lines) + api.stderr).not.toMatch(KEY);
  const next = await fleet.api({ APP_ENV: 'production' });
  // By now it has asked Redis who may call: it knows the key.
  await until(async () => (await new Caller(next, first).call('GET', '/v1/keys')).status === 200, {
    deadlineMs: 30_000,
    what: 'the next process to know the keys',
  });
  expect(next.shownKey).toBeNull();
});
