import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { claimDataDir } from './redis-claim.js';

let folder: string;
const file = (): string => path.join(folder, 'redis.claim');

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'millrace-claim-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function claimed(by: object): Promise<number | null> {
  await writeFile(file(), JSON.stringify({ redis: null, claimedAt: Date.now(), ...by }));
  return (await claimDataDir(folder)).takenBy;
}

/** Alive as long as this test is. */
const SOMEBODY = process.ppid;

it('is free at first, and after it was released', async () => {
  const claim = await claimDataDir(folder);
  expect(claim.takenBy).toBeNull();
  await claim.release();
  expect((await claimDataDir(folder)).takenBy).toBeNull();
});

it('belongs to another start that has just begun', async () => {
  expect(await claimed({ supervisor: SOMEBODY })).toBe(SOMEBODY);
});

it.each([
  ['a supervisor that is gone', { supervisor: 2 ** 22 - 1 }],
  ['a start that never came to an end', { supervisor: SOMEBODY, claimedAt: Date.now() - 3_600_000 }],
  ['our own process id from an earlier life, as in a container', { supervisor: process.pid }],
  ['a Redis that does not answer', { supervisor: SOMEBODY, redis: { pid: 1, port: 1 } }],
])('is not held by %s', async (_what, holder) => {
  expect(await claimed(holder)).toBeNull();
});

it('survives a torn file', async () => {
  await writeFile(file(), '{"superv');
  expect((await claimDataDir(folder)).takenBy).toBeNull();
});

it('names the server once there is one', async () => {
  const claim = await claimDataDir(folder);
  await claim.name({ pid: 7, port: 8 });
  expect(JSON.parse(await readFile(file(), 'utf8'))).toMatchObject({
    supervisor: process.pid,
    redis: { pid: 7, port: 8 },
  });
});
