/** The two programs that containers run beside the processes: secrets that are made once, answers that are compared. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parseApiKey } from '#access/api-key';
import { projectRoot } from '#config/settings';
import type { FleetProcess } from '#testing/fleet';
import { fleetFor, fleetOfTest } from '../stage.js';
import { composeFile } from './compose-file.js';

const run = promisify(execFile);

interface Said {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** One of dist/deploy/containers, with these words and this environment. */
async function start(
  name: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Said> {
  const file = path.join(projectRoot(), 'dist/deploy/containers', `${name}.js`);
  const all = { PATH: process.env['PATH'], ...env };
  return run(process.execPath, [file, ...words], { env: all }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: unknown) => error as Said,
  );
}

async function folderOfTest(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-containers-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

// It gives files to other users, as in its container.
describe.runIf(process.getuid?.() === 0)('make-secrets', () => {
  const read = async (folder: string, file: string): Promise<string> =>
    (await readFile(path.join(folder, file), 'utf8')).trim();

  it('makes every file that the compose file names, for its reader alone', async () => {
    const folder = await folderOfTest();
    expect(await start('make-secrets', [folder])).toMatchObject({ code: 0, stderr: '' });
    const environments = Object.values(composeFile().services).flatMap(({ environment = {} }) =>
      Object.entries(environment),
    );
    const named = environments.filter(([name]) => name.endsWith('_FILE')).map(([, file]) => file);
    for (const file of new Set([...named, '/run/millrace/redis/redis.conf', '/run/millrace/redis/password'])) {
      const { mode, uid } = await stat(path.join(folder, path.relative('/run/millrace', file)));
      expect([file, mode & 0o777]).toEqual([file, 0o400]);
      expect(uid).toBeGreaterThan(0);
    }
  });

  it('makes one password for Redis and whoever calls it, and a first key that is one', async () => {
    const folder = await folderOfTest();
    const { stdout } = await start('make-secrets', [folder]);
    const password = await read(folder, 'redis/password');
    expect(await read(folder, 'redis/redis.conf')).toBe(`requirepass ${password}`);
    expect(await read(folder, 'fleet/redis-url')).toBe(`redis://:${password}@redis:6379`);
    const key = await read(folder, 'api/first-key');
    expect(parseApiKey(key)).not.toBeNull();
    expect(stdout).toContain(key);
    expect(stdout).not.toContain(password);
  });

  it('changes nothing the second time, and shows no key again', async () => {
    const folder = await folderOfTest();
    await start('make-secrets', [folder]);
    const before = await read(folder, 'api/first-key');
    const again = await start('make-secrets', [folder]);
    expect(again).toMatchObject({ code: 0, stdout: 'The secrets of this fleet are there already.\n' });
    expect(await read(folder, 'api/first-key')).toBe(before);
  });

  it('begins anew where a start was cut off', async () => {
    const folder = await folderOfTest();
    await start('make-secrets', [folder]);
    await rm(path.join(folder, 'api/first-key'));
    expect((await start('make-secrets', [folder])).stdout).toContain('mr_live_');
    expect((await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.new'))).toEqual([]);
  });
});

describe('smoke', () => {
  const fleet = fleetFor('file');
  let api: FleetProcess;

  beforeAll(async () => {
    ({ api } = await fleet.pair());
  });

  it('is content with a fleet whose every answer is the expected one', async () => {
    const said = await start('smoke', [api.url]);
    expect(said).toMatchObject({ code: 0, stderr: '' });
    for (const model of await readdir(path.join(projectRoot(), 'models'))) {
      expect(said.stdout).toMatch(new RegExp(`^${model} \\S+: (\\d+) of \\1 answers are as expected$`, 'm'));
    }
  });

  it('says which answer is another, and ends with 1', async () => {
    const models = await folderOfTest();
    await cp(path.join(projectRoot(), 'models'), models, { recursive: true });
    const golden = path.join(models, 'iris/1.0.0/golden.jsonl');
    await writeFile(golden, (await readFile(golden, 'utf8')).replace('"label": "setosa"', '"label": "rose"'));
    const said = await start('smoke', [api.url], { MODELS_DIR: models });
    expect(said.code).toBe(1);
    expect(said.stderr).toContain('example 1: /label is "setosa", expected "rose"');
    expect(said.stdout).toMatch(/^iris 1\.0\.0: 34 of 35 answers are as expected$/m);
  });

  it('says in one line that it has no key, and that nobody answers', async () => {
    const guarded = await fleetOfTest({ AUTH: 'on' }).api();
    const refused = await start('smoke', [guarded.url]);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr.trim().split('\n')).toHaveLength(1);
    const absent = await start('smoke', ['http://127.0.0.1:9']);
    expect(absent.code).toBe(1);
    expect(absent.stderr.trim().split('\n')).toHaveLength(1);
  });
});
