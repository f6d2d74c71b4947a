/**
 * The supervisor of `npm start`, with apps of a few lines in place of the real ones: what it starts, it hears, brings
 * back, and leaves nothing of behind.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Fleet } from '../../apps/cli/fleet.js';

interface Heard {
  lines: string[];
  refusals: string[];
  deaths: { name: string; how: string; pauseMs: number }[];
}

let folder: string;
let heard: Heard;
let fleet: Fleet;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'millrace-fleet-'));
  heard = { lines: [], refusals: [], deaths: [] };
});

afterEach(async () => {
  await fleet.stop();
  await rm(folder, { recursive: true });
});

/** An app that listens, says its pid, and stops when told to. */
const GOOD = `
process.on('SIGTERM', () => { console.log('drained'); process.exit(0); });
setInterval(() => {}, 1000);
console.log('pid', process.pid);
process.send({ kind: 'listening', opsUrl: 'http://127.0.0.1:' + process.pid });`;

async function start(apps: { api?: string; courier?: string; worker?: string }, stopMs = 5_000): Promise<void> {
  for (const name of ['api', 'courier', 'worker'] as const) {
    await mkdir(path.join(folder, 'apps', name), { recursive: true });
    await writeFile(path.join(folder, 'apps', name, 'main.js'), apps[name] ?? GOOD);
  }
  const options = {
    appsDir: path.join(folder, 'apps'),
    logDir: path.join(folder, 'logs'),
    workers: 2,
    environment: { PATH: process.env['PATH'], OPS_PORT: '9000' },
    stopMs,
  };
  fleet = new Fleet(options, {
    onLine: (name, line) => heard.lines.push(`${name} ${line}`),
    onFirstKey: () => undefined,
    onRefused: (name, reason) => heard.refusals.push(`${name}: ${reason}`),
    onDeath: (name, how, pauseMs) => heard.deaths.push({ name, how, pauseMs }),
  });
  await fleet.start();
}

async function pidOf(name: string): Promise<number> {
  await expect.poll(() => fleet.address(name), { timeout: 30_000 }).toBeDefined();
  return Number(new URL(fleet.address(name)!.opsUrl).port);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

it('starts the API and each worker, keeps what they write, and stops them in peace', async () => {
  await start({});
  const pids = await Promise.all(fleet.names.map(pidOf));
  expect(fleet.names).toEqual(['api', 'courier', 'worker-1', 'worker-2']);
  await fleet.stop();
  expect(pids.filter(isRunning)).toEqual([]);
  expect(heard.deaths).toEqual([]);
  expect(await readFile(path.join(folder, 'logs', 'worker-2.log'), 'utf8')).toBe(`pid ${pids[3]!}\ndrained\n`);
});

it('brings back what dies: at once, then later and later', async () => {
  await start({ worker: 'process.exitCode = 3;' });
  const deathsOf = (): Heard['deaths'] => heard.deaths.filter(({ name }) => name === 'worker-1');
  await expect.poll(() => deathsOf().length, { timeout: 30_000 }).toBeGreaterThanOrEqual(3);
  const deaths = deathsOf().slice(0, 3);
  expect(deaths.map(({ how, pauseMs }) => [how, pauseMs])).toEqual([
    ['exit code 3', 0],
    ['exit code 3', 1_000],
    ['exit code 3', 2_000],
  ]);
});

it('brings back what was killed, and forgets where it listened', async () => {
  await start({});
  const before = await pidOf('worker-1');
  process.kill(before, 'SIGKILL');
  await expect
    .poll(() => heard.deaths, { timeout: 30_000 })
    .toEqual([{ name: 'worker-1', how: 'SIGKILL', pauseMs: 0 }]);
  expect(await pidOf('worker-1')).not.toBe(before);
});

it('does not start again what says that it never can', async () => {
  const refusing = `process.send({ kind: 'refused', reason: 'the file was changed' }, () => process.exit(78));`;
  await start({ api: refusing, worker: 'process.exit(78);' });
  await expect.poll(() => heard.refusals.length, { timeout: 30_000 }).toBe(3);
  expect(heard.refusals.sort()).toEqual([
    'api: the file was changed',
    'worker-1: it cannot start as things are; its log says why',
    'worker-2: it cannot start as things are; its log says why',
  ]);
  expect(heard.deaths).toEqual([]);
});

it('kills what does not stop in its time', async () => {
  await start({ worker: GOOD.replace(`console.log('drained'); process.exit(0);`, '') }, 300);
  const pid = await pidOf('worker-1');
  await fleet.stop();
  expect(isRunning(pid)).toBe(false);
});

it('gives a fixed operations port to the API only', async () => {
  const telling = `${GOOD}console.log('ops', process.env.OPS_PORT);`;
  await start({ api: telling, courier: telling, worker: telling });
  await expect
    .poll(() => heard.lines.filter((line) => line.includes('ops')).sort(), { timeout: 30_000 })
    .toEqual(['api ops 9000', 'courier ops 0', 'worker-1 ops 0', 'worker-2 ops 0']);
});

it('restarts everything with new code', async () => {
  await start({});
  const before = await Promise.all(fleet.names.map(pidOf));
  await fleet.restart();
  const after = await Promise.all(fleet.names.map(pidOf));
  expect(after.some((pid) => before.includes(pid))).toBe(false);
  expect(before.filter(isRunning)).toEqual([]);
  expect(heard.deaths).toEqual([]);
});
