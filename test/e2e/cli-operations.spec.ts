/** What operators do at a terminal: status, top, pause, resume, drain, dead-letters, why. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '#config/settings';
import { millrace, type Ran } from '#testing/command-line';
import type { FleetProcess } from '#testing/fleet';
import { ENDLESS, impatientModel } from '#testing/impatient-model';
import { Caller } from '#testing/keys';
import { until } from '#testing/patience';
import { IRIS } from '#testing/predictions';
import { fleetFor, fleetOfTest } from '../stage.js';

const fleet = fleetFor('file', { AUTH: 'on' });
let api: FleetProcess;
let operator: Caller;
let shop: Caller;

beforeAll(async () => {
  ({ api } = await fleet.pair());
  const admin = new Caller(api, await api.firstKey());
  operator = await admin.make(['operate'], 'night-shift');
  shop = await admin.make(['predict'], 'shop');
});

function as({ key }: Caller, ...words: string[]): Promise<Ran> {
  return millrace([...words, '--url', api.url], { MILLRACE_API_KEY: key });
}

describe('status and top', () => {
  it('show models, workers and webhooks', async () => {
    await until(async () => (await as(operator, 'status')).out.includes('iris:1.0.0'), {
      deadlineMs: 30_000,
      what: 'the worker',
    });
    const { code, out } = await as(operator, 'status');
    expect(code).toBe(0);
    expect(out).toMatch(/^Millrace \d+\.\d+\.\d+\. Redis is up, /);
    expect(out).toMatch(/^model +version +state +waiting +in batches +running +oldest +a second +to drain +workers/m);
    expect(out).toMatch(/^iris +1\.0\.0 +running +0 +0 +0 +- /m);
    expect(out).toMatch(/^Webhooks: 0 endpoints/m);
    const fleetStatus = JSON.parse((await as(operator, 'status', '--json')).out) as { workers: unknown[] };
    expect(fleetStatus.workers).toHaveLength(1);
  });

  it('prints looks one below the other where there is no terminal', async () => {
    const { code, out } = await as(operator, 'top', '--count', '2');
    expect(code).toBe(0);
    expect(out.match(/^\d\d:\d\d:\d\d UTC {2}Millrace/gm)).toHaveLength(2);
    expect(out).not.toContain('\u001b');
  });

  it.skipIf(spawnSync('script', ['--version']).status !== 0)('draws in a terminal, and leaves it with q', async () => {
    const program = path.join(projectRoot(), 'dist', 'apps', 'cli', 'main.js');
    const command = `stty rows 30 cols 90; ${process.execPath} ${program} top --url ${api.url}`;
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      env: { PATH: process.env['PATH'], TERM: 'xterm', MILLRACE_API_KEY: operator.key },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const exited = once(child, 'exit') as Promise<[number | null]>;
    let shown = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (shown += chunk));
    await until(() => shown.includes('q quits'), { deadlineMs: 30_000, what: 'the screen' });
    child.stdin.write('q');
    const [code] = await exited;
    expect(code, shown).toBe(0);
    expect(shown).toContain('\u001b[?1049h');
    expect(shown.trimEnd().endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
    // Nothing is wider than the screen: it would be broken, and the rest pushed off below.
    const [, first = ''] = shown.split('\u001b[0J');
    for (const line of first.split('q quits')[0]!.split('\n')) expect(line.trimEnd().length).toBeLessThan(91);
  });
});

describe('pause, resume and drain', () => {
  it('switch a model, and say so', async () => {
    const paused = await as(operator, 'pause', 'iris');
    expect([paused.code, paused.out.trim()]).toEqual([0, 'iris is paused: predictions are accepted and wait.']);
    const { json } = await shop.call('POST', '/v1/predictions', { body: IRIS });
    expect((await as(operator, 'status')).out).toMatch(/^! iris is paused$/m);
    const why = await as(operator, 'why', json.id);
    expect(why.out).toMatch(
      /^p\w+ of iris:1\.0\.0 for shop: starting\nThe model iris has been paused since .* by night-shift\./,
    );
    const resumed = await as(operator, 'resume', 'iris');
    expect([resumed.code, resumed.out]).toEqual([0, expect.stringMatching(/^iris runs\./)]);
    expect((await shop.call('GET', `/v1/predictions/${json.id}?wait=30`)).json.status).toBe('succeeded');
    const done = await as(operator, 'why', json.id);
    for (const word of ['accepted', 'queued', 'taken', 'started', 'ended']) {
      expect(done.out).toMatch(new RegExp(`^\\d{4}-.* ${word} `, 'm'));
    }
    expect(JSON.parse((await as(operator, 'why', json.id, '--json')).out)).toMatchObject({ id: json.id, held: null });
  });

  it('a drain waits until the model is empty', async () => {
    await as(operator, 'pause', 'iris');
    const { json } = await shop.call('POST', '/v1/predictions', { body: IRIS });
    const { code, out } = await as(operator, 'drain', 'iris');
    expect([code, out.trim()]).toEqual([0, 'iris is drained: it takes nothing new. All that was accepted has run.']);
    expect((await shop.call('GET', `/v1/predictions/${json.id}`)).json.status).toBe('succeeded');
    expect((await shop.call('POST', '/v1/predictions', { body: IRIS })).json.code).toBe('model_draining');
    const again = await as(operator, 'drain', 'iris', '--no-wait');
    expect([again.code, again.out.trim()]).toEqual([0, 'iris is drained: it takes nothing new.']);
    await as(operator, 'resume', 'iris');
  });
});

it('dead letters are listed and put back, one or all of a model', async () => {
  const failing = fleetOfTest({ MODELS_DIR: await impatientModel() });
  const { api: local } = await failing.pair();
  const run = (...words: string[]): Promise<Ran> => millrace(['dead-letters', ...words, '--url', local.url], {});
  expect((await run('list')).out.trim()).toBe('There are no failed predictions.');
  const failed: string[] = [];
  for (let n = 0; n < 2; n += 1) failed.push((await local.call('POST', '/v1/predictions', { body: ENDLESS })).json.id);
  const areListed = async (): Promise<boolean> => {
    const { out } = await run();
    return failed.every((id) => out.includes(id));
  };
  await until(areListed, { deadlineMs: 30_000, what: 'them to fail' });
  expect((await run('list', '--limit', '1', '--json')).out).toMatch(/^\[\{"id":"p\w{32}"[^}]*\}\]\n$/);

  const one = await run('redrive', failed[0]!);
  expect([one.code, one.out]).toEqual([0, expect.stringMatching(new RegExp(`^${failed[0]} -> p\\w{32}\\n$`))]);
  const all = await run('redrive', '--all', '--model', 'slow');
  expect(all.code, all.err).toBe(0);
  // The same new one for the first; those that have failed again meanwhile are among them.
  expect(all.out).toContain(one.out.trim());
  expect(all.out).toContain(`${failed[1]} -> p`);
  expect(all.err).toMatch(/^\d predictions were put back, as new ones\.$/m);

  const nobody = `p${'0'.repeat(32)}`;
  const none = await run('redrive', nobody);
  expect([none.code, none.out]).toEqual([1, '']);
  expect(none.err).toMatch(new RegExp(`^${nobody}: There is no such prediction\\.$`, 'm'));
  expect((await run('list', '--webhooks')).out.trim()).toBe('There are no webhooks that were given up.');
});

it('says in one sentence what is wrong', async () => {
  const wrong: [Promise<Ran>, RegExp][] = [
    [as(shop, 'status'), /scope operate/],
    [as(shop, 'top'), /scope operate/],
    [as(shop, 'pause', 'iris'), /scope operate/],
    [as(operator, 'pause', 'none'), /There is no model none/],
    [as(operator, 'drain', 'None!'), /lower-case letters/],
    [as(operator, 'why', 'order-4711'), /^The id must be one given by Millrace \(it begins with p\), not a client's/],
    [millrace(['status', '--url', api.url], {}), /needs an API key.*Set MILLRACE_API_KEY, or MILLRACE_API_KEY_FILE/],
    [as(shop, 'listen', '--port', new URL(api.url).port), /^Port \d+ is taken: choose another/],
    [millrace(['predict', '-m', 'nope', '-i', '{}', '--offline'], {}), /^There is no model nope; there are .*\biris\b/],
    [as(shop, 'predict', '-m', 'nope', '-i', '{}'), /^The model or its version is unknown to this service; models: /],
    [
      millrace(['predict', '-m', 'iris:9.9.9', '-i', '{}', '--offline'], {}),
      /^There is no version iris:9\.9\.9; iris has 1\.0\.0\.$/m,
    ],
    [as(operator, 'why', `p${'0'.repeat(32)}`), /There is no such prediction/],
    [as(operator, 'dead-letters', 'redrive'), /Name the ids, or say --all/],
    [as(operator, 'dead-letters', 'redrive', '--all'), /--all --model NAME/],
    [as(operator, 'dead-letters', 'list', '--model', 'none'), /There is no model none/],
    [millrace(['status', '--url', 'http://127.0.0.1:1'], {}), /No Millrace answers/],
  ];
  for (const [command, sentence] of wrong) {
    const { code, out, err } = await command;
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(sentence);
    expect(err).not.toMatch(/^ {4}at /m);
  }
});

it('is no success where the answer gets lost, as on a disk that is full', async () => {
  const program = path.join(projectRoot(), 'dist', 'apps', 'cli', 'main.js');
  const full = await open('/dev/full', 'w');
  const { status, stderr } = spawnSync(process.execPath, [program, 'keys', 'generate'], {
    stdio: ['ignore', full.fd, 'pipe'],
    encoding: 'utf8',
  });
  await full.close();
  expect([status, stderr]).toEqual([1, 'The answer cannot be written (ENOSPC).\n']);
});

it.each(['status', 'top', 'pause', 'resume', 'drain', 'why', 'dead-letters list', 'dead-letters redrive'])(
  '%s --help shows an example',
  async (command) => {
    const { code, out } = await millrace([...command.split(' '), '--help'], {});
    expect([code, out]).toEqual([0, expect.stringContaining(`For example:\n  `)]);
  },
);
