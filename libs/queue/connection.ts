/**
 * Connections to Redis, by what they are for. Each has an error listener: without one, a Redis that goes away would
 * end the process.
 */
import { Cluster, Redis, type SentinelConnectionOptions, SentinelConnector } from 'ioredis';
import { parseRedisAddress, REDIS_URL_RULE, type RedisAddress } from '#config/redis-address';
import { TurnwiseRedis } from './turnwise-redis.js';

/** One command of a producer takes at most this long; see DESIGN section 3, "with Redis away". */
const COMMAND_TIMEOUT_MS = 700;
/** All of a request's commands together. */
export const REQUEST_BUDGET_MS = 1_500;
const CONNECT_TIMEOUT_MS = 5_000;
const LONGEST_RECONNECT_PAUSE_MS = 1_000;

export type ErrorListener = (error: Error) => void;

interface Manner {
  readonly maxRetriesPerRequest: number | null;
  readonly commandTimeout?: number;
  readonly enableOfflineQueue?: boolean;
  readonly autoResubscribe?: boolean;
  /** See `TurnwiseRedis`. */
  readonly writesOnceATurn?: boolean;
}

interface Credentials {
  readonly username?: string;
  readonly password?: string;
  readonly tls?: object;
}

const RECONNECT = (times: number): number => Math.min(50 * 2 ** Math.min(times, 5), LONGEST_RECONNECT_PAUSE_MS);

/** For requests: fails fast, never queues a command while Redis is away. */
export function connectProducer(url: string, onError: ErrorListener): Redis {
  const options = { maxRetriesPerRequest: 1, commandTimeout: COMMAND_TIMEOUT_MS };
  return open(url, onError, { ...options, enableOfflineQueue: false });
}

/** For workers and couriers, which wait until Redis is back, and end each job with several commands. */
export function connectWorker(url: string, onError: ErrorListener): Redis {
  return open(url, onError, { maxRetriesPerRequest: null, writesOnceATurn: true });
}

/** For pub/sub; subscriptions are made again after a reconnect. */
export function connectSubscriber(url: string, onError: ErrorListener): Redis {
  return open(url, onError, { maxRetriesPerRequest: null, autoResubscribe: true });
}

function open(url: string, onError: ErrorListener, manner: Manner): Redis {
  const address = parseRedisAddress(url);
  // Settings have looked at it before.
  if (address === null) throw new Error(`The address of Redis ${REDIS_URL_RULE}.`);
  const redis = address.kind === 'cluster' ? connectCluster(address, manner) : connectOne(address, manner);
  redis.on('error', onError);
  return redis;
}

function connectOne(
  address: Exclude<RedisAddress, { kind: 'cluster' }>,
  { writesOnceATurn = false, ...manner }: Manner,
): Redis {
  const Client = writesOnceATurn ? TurnwiseRedis : Redis;
  // Auto-pipelining makes BullMQ slower, measured: processing 11,300 -> 6,300 jobs/s, adding 23,500 -> 14,700.
  const options = {
    ...manner,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: RECONNECT,
    enableAutoPipelining: false,
  };
  if (address.kind === 'single') return new Client(address.url, options);
  const { hosts, name, sentinelPassword, tls } = address;
  return new Client({
    ...options,
    ...credentialsOf(address),
    sentinels: hosts.map((host) => ({ ...host })),
    name,
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    ...(tls ? { enableTLSForSentinelMode: true } : {}),
    sentinelRetryStrategy: RECONNECT,
    // Sentinels tell of a failover: without it a primary that is cut off and not dead would be held on to.
    failoverDetector: true,
    Connector: SteadfastConnector,
  });
}

/**
 * ioredis leaves the listeners to its sentinels in place when a connection ends and it looks for the primary again. A
 * `+switch-master` that one of them hears then stops the search, and to ioredis the connection is over for good. So each
 * search begins by removing them.
 */
class SteadfastConnector extends SentinelConnector {
  /** ioredis hands over its own options, and says that they are anything. */
  constructor(options: unknown) {
    super(options as SentinelConnectionOptions);
  }

  override connect(onError: Parameters<SentinelConnector['connect']>[0]): ReturnType<SentinelConnector['connect']> {
    this.disconnect();
    return super.connect(onError);
  }
}

/**
 * A client of a whole cluster answers the same commands as one of a single node; what belongs to nodes one by one asks
 * `nodesOf`. So the rest of the house has one type of connection.
 */
function connectCluster(address: Extract<RedisAddress, { kind: 'cluster' }>, manner: Manner): Redis {
  const { enableOfflineQueue, writesOnceATurn: _, ...ofNodes } = manner;
  const cluster = new Cluster([...address.hosts], {
    enableAutoPipelining: false,
    enableOfflineQueue: enableOfflineQueue ?? true,
    clusterRetryStrategy: RECONNECT,
    redisOptions: { ...ofNodes, ...credentialsOf(address), connectTimeout: CONNECT_TIMEOUT_MS },
  });
  return cluster as unknown as Redis;
}

function credentialsOf({ username, password, tls }: Exclude<RedisAddress, { kind: 'single' }>): Credentials {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
  };
}

/** The primaries that hold the data: of a single node, itself. */
export function nodesOf(redis: Redis): Redis[] {
  const client: unknown = redis;
  return client instanceof Cluster ? client.nodes('master') : [redis];
}

/** Redis did not say yes in time. Whether it did what was asked is unknown. */
export class QueueUnavailableError extends Error {
  constructor() {
    super('The queue did not answer in time.');
    this.name = 'QueueUnavailableError';
  }
}

/** Redis has no memory or no disk left for new work. */
export class QueueFullError extends Error {
  constructor() {
    super('The queue has no room for new work.');
    this.name = 'QueueFullError';
  }
}

/**
 * Runs a request's commands within their budget, and turns what Redis and its client throw into the two errors above.
 * A connection that is not up fails at once: BullMQ would wait for it.
 */
export async function withinBudget<T>(redis: Redis, work: () => Promise<T>): Promise<T> {
  if (redis.status !== 'ready') throw new QueueUnavailableError();
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new QueueUnavailableError()), REQUEST_BUDGET_MS);
  });
  try {
    return await Promise.race([work(), timeout]);
  } catch (error) {
    throw classify(error);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether Redis answers now: an open connection says nothing of a Redis that is frozen, or reads its data. */
export async function isAnswering(redis: Redis): Promise<boolean> {
  if (redis.status !== 'ready') return false;
  return inTime(Promise.all([isWhole(redis), ...nodesOf(redis).map((node) => node.ping())])).then(
    ([whole]) => whole,
    () => false,
  );
}

/** Whether every key has a node that serves it. */
async function isWhole(redis: Redis): Promise<boolean> {
  const client: unknown = redis;
  if (!(client instanceof Cluster)) return true;
  return (await client.cluster('INFO')).includes('cluster_state:ok');
}

/**
 * What Redis answers, if it does so soon. The connections of workers and couriers wait for a Redis that is frozen as long
 * as it is: whoever only wants to know, for a metric or a check, must not wait with them.
 * @throws QueueUnavailableError after the time that a producer's command has
 */
export async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new QueueUnavailableError()), COMMAND_TIMEOUT_MS);
  });
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** True for the answers of a Redis that has no room: memory (OOM) or disk (MISCONF). */
export function isFull(error: unknown): boolean {
  return error instanceof Error && /\b(OOM command not allowed|MISCONF)\b/.test(error.message);
}

/**
 * Messages that mean that the connection, or the Redis behind it, failed, and not the command. Of a script that was loaded a
 * moment ago and is unknown (NOSCRIPT): another Redis has taken over meanwhile.
 */
const UNAVAILABLE =
  /Connection is closed|Command timed out|max retries per request|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|isn't writeable|LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN|NOSCRIPT|Cluster isn't ready|Too many Cluster redirections|startup nodes|slots cache/;

/** True where the connection, not the command, is what failed. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof QueueUnavailableError || (error instanceof Error && UNAVAILABLE.test(error.message));
}

function classify(error: unknown): unknown {
  if (isFull(error)) return new QueueFullError();
  return isUnavailable(error) ? new QueueUnavailableError() : error;
}
