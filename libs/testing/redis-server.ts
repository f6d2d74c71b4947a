/**
 * A real Redis server of a test's own: to stop, freeze, kill and start again on the same port with the same data.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type {} from 'vitest';
import { connectWorker } from '#queue/connection';
import { until, within } from './patience.js';

/** How to start a server on this machine; found once, by the global set-up. */
export interface RedisCommand {
  readonly command: string;
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

declare module 'vitest' {
  interface ProvidedContext {
    /** The run's own Redis; stories share it under prefixes of their own. */
    redisUrl: string;
    redisCommand: RedisCommand;
  }
}

export type RedisClient = ReturnType<typeof connectWorker>;

const START_MS = 60_000;
const STOP_MS = 60_000;
const LOWEST_PORT = 10_240;
const LOWEST_EPHEMERAL_PORT = 32_768;

export class TestRedis {
  #child: ChildProcess | null = null;

  private constructor(
    private readonly program: RedisCommand,
    private readonly folder: string,
    readonly port: number,
    private readonly more: readonly string[],
  ) {}

  static async start(program: RedisCommand): Promise<TestRedis> {
    const redis = await TestRedis.prepare(program);
    await redis.start();
    return redis;
  }

  /**
   * Has its port and its folder, and does not run yet.
   * @param more options of the server beside those of every one
   */
  static async prepare(program: RedisCommand, more: readonly string[] = []): Promise<TestRedis> {
    return new TestRedis(program, await mkdtemp(path.join(tmpdir(), 'millrace-redis-')), await freePort(), more);
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, or starts it again; resolves when it answers. */
  async start(): Promise<void> {
    const { command, words, env } = this.program;
    const settings = ['--port', this.port, '--bind', '127.0.0.1', '--dir', this.folder, '--appendonly', 'yes'];
    const more = ['--save', '', '--maxmemory-policy', 'noeviction', ...this.more];
    const child = spawn(command, [...words, ...settings.map(String), ...more], { env: { ...env }, stdio: 'ignore' });
    this.#child = child;
    await this.with(async (client) => {
      await until(async () => Boolean(await client.ping()), { deadlineMs: START_MS, what: 'Redis to answer' });
      const [, processId] = /process_id:(\d+)/.exec(await client.info('server')) ?? [];
      if (Number(processId) !== child.pid) throw new Error(`another Redis answers on port ${this.port}`);
    });
  }

  /** It writes what it has, and ends. */
  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** It holds its connections and says nothing. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Nothing is left of it. */
  async remove(): Promise<void> {
    this.thaw();
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Lends a client for the time of `work`. */
  async with<T>(work: (client: RedisClient) => Promise<T>): Promise<T> {
    return withRedis(this.url, work);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await within(exited, { deadlineMs: STOP_MS, what: `Redis to end by ${signal}` });
  }
}

export async function withRedis<T>(url: string, work: (client: RedisClient) => Promise<T>): Promise<T> {
  // Errors while it starts are tried again by the client; what a command fails with reaches the test by its promise.
  const client = connectWorker(url, () => undefined);
  try {
    return await work(client);
  } finally {
    client.disconnect();
  }
}

/**
 * Below the ports that systems hand out by themselves (Linux from 32768, others from 49152): until it is bound, and while
 * a server that was killed is away, no connection of anybody's takes it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST_PORT, LOWEST_EPHEMERAL_PORT);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
