/**
 * One real Redis for the whole run: the machine's own server, or one fetched from the distribution, which is kept in
 * `.millrace/test`. Tests keep out of each other's way by their `REDIS_PREFIX`; those that hurt Redis start their own.
 */
import path from 'node:path';
import { projectRoot } from '#config/settings';
import { dieWithParent } from '#process/die-with-parent';
import { environmentFor } from '#process/debian-packages';
import { findInstalled, findOrFetch } from '#process/redis-binary';
import { type RedisCommand, TestRedis } from '#testing/redis-server';
import type { TestProject } from 'vitest/node';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const redisCommand = await findRedis();
  const redis = await TestRedis.start(redisCommand);
  project.provide('redisUrl', redis.url);
  project.provide('redisCommand', redisCommand);
  return () => redis.remove();
}

async function findRedis(): Promise<RedisCommand> {
  const folder = path.join(projectRoot(), '.millrace', 'test', 'redis');
  const binary = (await findInstalled()) ?? (await findOrFetch(folder, (line) => process.stdout.write(`${line}\n`)));
  if (binary === null) throw new Error('These tests need a redis-server, 6.2 or newer, on the PATH.');
  const [command, words] = await dieWithParent('KILL', binary.command, []);
  const env = environmentFor(binary.libraryDirs).env ?? { PATH: process.env['PATH'] };
  return { command, words, env: withoutGaps(env) };
}

function withoutGaps(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
