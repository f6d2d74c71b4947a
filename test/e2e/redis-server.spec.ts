/**
 * The Redis of a fleet whose owner has none: found or fetched, tied to its supervisor, kept alive, never shared.
 *
 * Needs a redis-server on the PATH, or Debian's package servers once; what was fetched is kept for the next run.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, expect, it } from 'vitest';
import { projectRoot } from '#config/settings';
import { probeRedis } from '#process/redis-probe';
import { findOrStartRedis, type RedisOptions, type RedisServer } from '#process/redis-server';

const binaryDir = path.join(projectRoot(), '.millrace', 'redis');
const servers: RedisServer[] = [];
const clients: Redis[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

async function folder(): Promise<string> {
  const created = await mkdtemp(path.join(tmpdir(), 'millrace-redis-'));
  folders.push(created);
  return created;
}

async function start(dataDir: string, more: Partial<RedisOptions> = {}): Promise<RedisServer> {
  const server = await findOrStartRedis({ dataDir, binaryDir, say: () => undefined, ...more });
  servers.push(server);
  return server;
}

function connect(server: RedisServer): Redis {
  const client = new Redis(server.url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  clients.push(client);
  return client;
}

it('runs durable, never evicting, on the loopback address only, several side by side', async () => {
  const [first, second] = await Promise.all([start(await folder()), start(await folder())]);
  expect(first.url).not.toBe(second.url);
  expect(first.pid).not.toBe(second.pid);
  const settings = await connect(first).config('GET', 'appendonly', 'maxmemory-policy', 'bind', 'save');
  expect(settings).toEqual(expect.arrayContaining(['yes', 'noeviction', '127.0.0.1']));
  expect(await connect(first).info('server')).toContain(`process_id:${first.pid ?? ''}`);
});

it('keeps its data from one start to the next', async () => {
  const dataDir = await folder();
  const first = await start(dataDir);
  await connect(first).set('work', 'waiting');
  await first.stop();
  await first.stop();
  expect(await connect(await start(dataDir)).get('work')).toBe('waiting');
});

it('belongs to one fleet', async () => {
  const dataDir = await folder();
  await start(dataDir);
  const beforeStart = (): Promise<void> => Promise.reject(new Error('too early'));
  const second = start(dataDir, { beforeStart });
  await expect(second).rejects.toThrow(`A fleet is already running with ${dataDir} (process ${process.pid})`);
});

it('comes back on the same port with its data when it is killed', async () => {
  const server = await start(await folder(), { restart: true });
  const client = connect(server);
  await client.set('work', 'waiting');
  // A process that dies alone loses nothing that it has written; while the disk is busy, that is after it has answered.
  await expect.poll(() => client.info('persistence'), { timeout: 30_000 }).toContain('aof_buffer_length:0\r');
  const before = server.pid;
  process.kill(before!, 'SIGKILL');
  await expect.poll(() => server.pid, { timeout: 30_000 }).not.toBe(before);
  expect(await client.get('work')).toBe('waiting');
});

it('uses the Redis of REDIS_URL and leaves it running', async () => {
  const theirs = await start(await folder());
  const ours = await start(await folder(), { redisUrl: theirs.url });
  expect(ours).toMatchObject({ url: theirs.url, source: 'REDIS_URL', pid: null });
  await ours.stop();
  expect(await connect(theirs).ping()).toBe('PONG');
});

it.runIf(existsSync('/usr/bin/setpriv'))('does not outlive a supervisor that is killed with -9', async () => {
  const built = path.join(projectRoot(), 'dist/libs/process/redis-server.js');
  const options = JSON.stringify({ dataDir: await folder(), binaryDir });
  const script = `
    const { findOrStartRedis } = await import(${JSON.stringify(built)});
    const server = await findOrStartRedis({ ...${options}, say: () => {} });
    console.log(server.url);
    setInterval(() => {}, 1000);`;
  const supervisor = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(supervisor.stdout, 'data')) as [Buffer];
  const url = new URL(line.toString().trim());
  expect((await probeRedis(url, 20_000)).state).toBe('up');
  supervisor.kill('SIGKILL');
  await expect.poll(async () => (await probeRedis(url, 1_000)).state, { timeout: 30_000 }).toBe('down');
});
