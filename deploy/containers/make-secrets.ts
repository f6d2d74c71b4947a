/**
 * The one-shot service `init` of docker-compose.yml: makes the secrets of a fleet that has none, and shows the first
 * API key this once. Each reader has a folder of its own, so that nobody holds what it does not need; what is there
 * already stays, however often this runs.
 *
 *   make-secrets.js FOLDER
 */
import { chown, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { newApiKey } from '#access/api-key';

/** Who reads a file: the user of that image. */
const USERS = { redis: 999, node: 1000, grafana: 472 } as const;

interface Secret {
  /** Below the folder; its first part is a volume. */
  readonly file: string;
  readonly user: keyof typeof USERS;
  readonly text: string;
}

const [, , folder] = process.argv;
if (folder === undefined) {
  console.error('Usage: make-secrets.js FOLDER');
  process.exit(1);
}
if (await isThere(path.join(folder, 'api', 'first-key'))) {
  console.log('The secrets of this fleet are there already.');
} else {
  const firstKey = newApiKey();
  // The key is written last: it says that all others are there.
  for (const secret of secretsWith(firstKey)) await put(folder, secret);
  console.log(`\nThe first API key of this fleet, with all rights. It is shown only this once:\n\n  ${firstKey}\n`);
}

function secretsWith(firstKey: string): Secret[] {
  const redisPassword = randomBytes(32).toString('hex');
  return [
    // Of a configuration and not of an argument, which everybody on the machine could read.
    { file: 'redis/redis.conf', user: 'redis', text: `requirepass ${redisPassword}` },
    { file: 'redis/password', user: 'redis', text: redisPassword },
    { file: 'fleet/redis-url', user: 'node', text: `redis://:${redisPassword}@redis:6379` },
    { file: 'grafana/admin-password', user: 'grafana', text: randomBytes(18).toString('base64url') },
    { file: 'api/first-key', user: 'node', text: firstKey },
  ];
}

/** Under its name only when it is whole and its reader's. */
async function put(root: string, { file, user, text }: Secret): Promise<void> {
  const target = path.join(root, file);
  await mkdir(path.dirname(target), { recursive: true });
  // Left by a start that was cut off, it belongs to its reader, and root without capabilities cannot write it.
  await rm(`${target}.new`, { force: true });
  await writeFile(`${target}.new`, `${text}\n`, { mode: 0o400 });
  await chown(`${target}.new`, USERS[user], USERS[user]);
  await rename(`${target}.new`, target);
}

async function isThere(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
