/**
 * Redis for people who have Redis, and for people who have not.
 *
 *   1. `REDIS_URL` is set: that one and no other. Work may wait in it; a silent second Redis would hide it.
 *   2. `redis-server` or `valkey-server` on the PATH, 6.2 or newer.
 *   3. Debian and Ubuntu: fetched from the distribution into the data directory.
 *   4. None: one sentence with the commands that help.
 *
 * A server that we start keeps its data in the data directory, listens on a free loopback port, and ends with its
 * supervisor: on SIGKILL too, where the kernel can be asked (`setpriv --pdeathsig`). It has a process group of its own,
 * so that Ctrl-C in a terminal reaches the supervisor only, which stops the apps before their Redis.
 */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseRedisAddress, REDIS_URL_RULE, type RedisAddress } from '#config/redis-address';
import { PackageFetchError } from './debian-packages.js';
import { findInstalled, findOrFetch, type RedisBinary } from './redis-binary.js';
import { RedisChild } from './redis-child.js';
import { type Claim, claimDataDir } from './redis-claim.js';
import { isNewEnough, type Probe, probeRedis, withoutCredentials } from './redis-probe.js';

export interface RedisOptions {
  /** The user's own Redis; `undefined` or empty lets us find or start one. */
  readonly redisUrl?: string | undefined;
  /** Folder for the fetched server, its data and its log. */
  readonly dataDir: string;
  /** Folder for the fetched server, where several data directories share one; default: `redis` in the data directory. */
  readonly binaryDir?: string;
  /** Called with one line for people at each step that takes time or that they should know of. */
  readonly say: (line: string) => void;
  /** Start it again when it dies, on the same port with the same data. Off: whoever killed it wants it dead. */
  readonly restart?: boolean;
  /** Called once the data directory is ours and before anything is fetched or started; what it throws ends the start. */
  readonly beforeStart?: () => Promise<void>;
}

export interface RedisServer {
  readonly url: string;
  /** For people: `REDIS_URL`, or which server was started. */
  readonly source: string;
  /** Null for one that is not ours. */
  readonly pid: number | null;
  /** Ends a server that we started, after it has written what it holds; leaves another alone. Idempotent. */
  stop(): Promise<void>;
}

/** No Redis can be had; the message is one sentence for people. */
export class RedisUnavailableError extends Error {
  /** See `isForPeople`. */
  readonly isForPeople = true;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RedisUnavailableError';
  }
}

const PROBE_MS = 3_000;
/** Refused once may be a container that starts beside us. */
const CONNECT_TRIES = 3;

/** @throws RedisUnavailableError with one sentence that says what to do */
export async function findOrStartRedis(options: RedisOptions): Promise<RedisServer> {
  const { redisUrl, dataDir, beforeStart } = options;
  if (redisUrl !== undefined && redisUrl !== '') {
    await beforeStart?.();
    return useGiven(redisUrl, options.say);
  }
  const claim = await claimDataDir(dataDir);
  if (claim.takenBy !== null) {
    throw new RedisUnavailableError(
      `A fleet is already running with ${dataDir} (process ${claim.takenBy}): stop it first, ` +
        'or run a second one beside it with PORT=3001 DATA_DIR=.millrace/second npm start.',
    );
  }
  try {
    await beforeStart?.();
    return await startOwn(options, claim);
  } catch (error) {
    await claim.release();
    throw error;
  }
}

async function startOwn(options: RedisOptions, claim: Claim): Promise<RedisServer> {
  try {
    const binary = await findBinary(options);
    const child = new RedisChild(binary, options, claim);
    await child.start();
    options.say(`Redis: ${binary.source}, data in ${path.join(options.dataDir, 'redis-data')}`);
    return child;
  } catch (error) {
    if (error instanceof RedisUnavailableError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new RedisUnavailableError(code === 'ENOSPC' ? noSpace(options.dataDir) : message, { cause: error });
  }
}

async function useGiven(redisUrl: string, say: (line: string) => void): Promise<RedisServer> {
  const address = parseRedisAddress(redisUrl);
  // Not repeated: it may hold a password.
  if (address === null) throw new RedisUnavailableError(`REDIS_URL ${REDIS_URL_RULE}.`);
  const urls = urlsOf(address);
  const where = urls.map(withoutCredentials).join(', ');
  for (let failed = 0; ;) {
    const probe = await probeAny(urls);
    if (probe.state === 'up') {
      const { version, maxmemoryPolicy } = probe.info;
      if (version !== '' && !isNewEnough(version)) {
        throw new RedisUnavailableError(`REDIS_URL: ${where} is Redis ${version}; Millrace needs 6.2 or newer.`);
      }
      const kind = address.kind === 'single' ? '' : `${address.kind} `;
      say(`Redis: REDIS_URL, ${kind}${where}${version === '' ? '' : `, version ${version}`}`);
      if (maxmemoryPolicy !== '' && maxmemoryPolicy !== 'noeviction') {
        say(`Redis: its maxmemory-policy is ${maxmemoryPolicy} and may evict queued work; set it to noeviction`);
      }
      return { url: redisUrl, source: 'REDIS_URL', pid: null, stop: async () => undefined };
    }
    if (probe.state === 'loading') {
      if (failed === 0) say(`Redis: ${where} is reading its data`);
    } else if ((failed += 1) === CONNECT_TRIES) {
      throw new RedisUnavailableError(
        `REDIS_URL: ${where} cannot be used, ${probe.reason}: start that Redis or correct the URL, ` +
          'or unset REDIS_URL and Millrace starts one of its own.',
      );
    }
    await sleep(500);
  }
}

/** Whom to ask first: of several nodes one that answers is enough. */
function urlsOf(address: RedisAddress): URL[] {
  if (address.kind === 'single') return [new URL(address.url)];
  const { hosts, tls, kind, username, password } = address;
  return hosts.map(({ host, port }) => {
    const url = new URL(`redis${tls ? 's' : ''}://${host.includes(':') ? `[${host}]` : host}:${port}`);
    url.username = kind === 'cluster' ? (username ?? '') : '';
    url.password = (kind === 'cluster' ? password : address.sentinelPassword) ?? '';
    return url;
  });
}

/** @returns what the first says that does not say no, or what the last says */
async function probeAny(urls: readonly URL[]): Promise<Probe> {
  let last: Probe = { state: 'down', reason: 'it names no host' };
  for (const url of urls) {
    last = await probeRedis(url, PROBE_MS);
    if (last.state !== 'down') break;
  }
  return last;
}

async function findBinary(options: RedisOptions): Promise<RedisBinary> {
  const installed = await findInstalled();
  if (installed !== null) return installed;
  try {
    const fetched = await findOrFetch(options.binaryDir ?? path.join(options.dataDir, 'redis'), options.say);
    if (fetched !== null) return fetched;
  } catch (error) {
    if (!(error instanceof PackageFetchError)) throw error;
    if (error.noSpace) throw new RedisUnavailableError(noSpace(options.dataDir), { cause: error });
    throw new RedisUnavailableError(howToGetRedis(` and could not be fetched (${error.message})`), { cause: error });
  }
  throw new RedisUnavailableError(howToGetRedis(''));
}

function howToGetRedis(why: string): string {
  return (
    `Redis 6.2 or newer is not installed${why}: get it with "sudo apt-get install redis-server" (Debian, Ubuntu), ` +
    '"brew install redis" (macOS), or "docker compose up -d redis" and REDIS_URL=redis://127.0.0.1:6379.'
  );
}

function noSpace(dataDir: string): string {
  return `No space is left in ${dataDir}: free about 100 MB (see "df -h"), or set DATA_DIR to a folder that has it.`;
}
