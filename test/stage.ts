/** What every story begins with: a fleet with a name space of its own, and nothing left of it at the end. */
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, inject, onTestFinished } from 'vitest';
import { Fleet, type Settings } from '#testing/fleet';
import { TestRedis } from '#testing/redis-server';

/** @param lasts how long its processes may live: through all tests of the file, or one test each */
export function fleetFor(lasts: 'file' | 'test', settings: Settings = {}): Fleet {
  const fleet = freshFleet(settings);
  const end = (): Promise<void> => fleet.end();
  if (lasts === 'file') afterAll(end);
  else afterEach(end);
  return fleet;
}

/** A fleet of the test that asks for it, beside the one of its file. */
export function fleetOfTest(settings: Settings = {}): Fleet {
  const fleet = freshFleet(settings);
  onTestFinished(() => fleet.end());
  return fleet;
}

function freshFleet(settings: Settings): Fleet {
  return new Fleet({ REDIS_URL: inject('redisUrl'), REDIS_PREFIX: freshPrefix(), ...settings });
}

/** Two stories on one Redis do not see each other. */
export function freshPrefix(): string {
  return `t${randomBytes(6).toString('hex')}`;
}

/**
 * A Redis to hurt; it does not run yet.
 * @param more options of the server beside those of every one
 */
export async function ownRedis(more: readonly string[] = []): Promise<TestRedis> {
  return TestRedis.prepare(inject('redisCommand'), more);
}
