/** One Redis for everything in a run: fresh, with its append-only file on, gone afterwards. */
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { findOrStartRedis, type RedisServer } from '#process/redis-server';

/**
 * Key prefixes of the fleet, of two that are compared side by side, with metrics and logs and without (neither finds what
 * other parts have left), and of BullMQ alone.
 */
export const FLEET_PREFIX = 'bench';
export const OBSERVED_PREFIX = 'bench-observed';
export const SILENT_PREFIX = 'bench-silent';
export const BARE_PREFIX = '{bench:bare}';

export interface CommandUse {
  readonly calls: number;
  /** Microseconds of processor time, those of the commands inside a script included. */
  readonly us: number;
}

export class RedisUnderTest {
  private constructor(
    readonly server: RedisServer,
    private readonly client: Redis,
    /** Null where it is not on this machine. */
    readonly pid: number | null,
    readonly version: string,
  ) {}

  /**
   * @param redisUrl the user's own, or undefined to have one started
   * @param workDir folder for the data of one that is started
   */
  static async start(redisUrl: string | undefined, workDir: string, dataDir: string): Promise<RedisUnderTest> {
    if (redisUrl === undefined) shareFetchedServer(workDir, dataDir);
    const server = await findOrStartRedis({ redisUrl, dataDir: workDir, say: () => undefined });
    const client = new Redis(server.url);
    client.on('error', () => undefined); // The command that it fails says so.
    const info = await client.info('server');
    const isLocal = ['127.0.0.1', 'localhost'].includes(new URL(server.url).hostname);
    const pid = server.pid ?? (isLocal ? Number(field(info, 'process_id')) : null);
    return new RedisUnderTest(server, client, pid, field(info, 'redis_version'));
  }

  get url(): string {
    return this.server.url;
  }

  async appendsToFile(): Promise<boolean> {
    return field(await this.client.info('persistence'), 'aof_enabled') === '1';
  }

  /** Resolves when nothing waits and nothing runs in these queues. */
  async untilDrained(queueKeys: readonly string[]): Promise<void> {
    for (;;) {
      const asked = this.client.multi();
      for (const key of queueKeys) asked.llen(`${key}:wait`).llen(`${key}:active`).zcard(`${key}:delayed`);
      const answers = (await asked.exec()) ?? [];
      if (answers.every(([, length]) => length === 0)) return;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** Commands since the server began, by name in lower case. */
  async commands(): Promise<Map<string, CommandUse>> {
    const text = await this.client.info('commandstats');
    const uses = [...text.matchAll(/^cmdstat_([^:]+):calls=(\d+),usec=(\d+)/gm)];
    return new Map(uses.map(([, name = '', calls, us]) => [name, { calls: Number(calls), us: Number(us) }]));
  }

  async stop(): Promise<void> {
    if (this.server.pid === null) await this.#removeOurKeys();
    this.client.disconnect();
    await this.server.stop();
  }

  /** A Redis that is not ours goes back as it was. */
  async #removeOurKeys(): Promise<void> {
    for (const pattern of [FLEET_PREFIX, OBSERVED_PREFIX, SILENT_PREFIX].flatMap((prefix) => [
      `${prefix}:*`,
      `{${prefix}:*`,
    ])) {
      for await (const keys of this.client.scanStream({ match: pattern, count: 1_000 }) as AsyncIterable<string[]>) {
        if (keys.length > 0) await this.client.unlink(...keys);
      }
    }
  }
}

/** Fresh data, but the server that `npm start` has fetched, or will use once it is fetched here. */
function shareFetchedServer(workDir: string, dataDir: string): void {
  const fetched = path.join(dataDir, 'redis');
  rmSync(path.join(workDir, 'redis-data'), { recursive: true, force: true });
  mkdirSync(workDir, { recursive: true });
  if (existsSync(fetched) && !existsSync(path.join(workDir, 'redis')))
    symlinkSync(fetched, path.join(workDir, 'redis'));
}

function field(info: string, name: string): string {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
}
