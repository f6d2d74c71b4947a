/** A Redis server as a child process: started, known to be the right one, kept alive if wanted, stopped. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, stat, truncate } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { totalmem } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dieWithParent } from './die-with-parent.js';
import { environmentFor } from './debian-packages.js';
import type { RedisBinary } from './redis-binary.js';
import type { Claim } from './redis-claim.js';
import { probeRedis } from './redis-probe.js';

export interface ChildOptions {
  readonly dataDir: string;
  readonly say: (line: string) => void;
  readonly restart?: boolean;
}

const FIRST_ANSWER_MS = 20_000;
const PROBE_MS = 1_000;
const STOP_MS = 30_000;
const LONGEST_PAUSE_MS = 10_000;
const LARGEST_LOG_BYTES = 20 * 1024 * 1024;
/** Between finding a free port and using it, somebody else may take it. */
const PORT_TRIES = 3;

export class RedisChild {
  readonly source: string;
  #child: ChildProcess | null = null;
  #port = 0;
  #stopping: Promise<void> | null = null;

  constructor(
    private readonly binary: RedisBinary,
    private readonly options: ChildOptions,
    private readonly claim: Claim,
  ) {
    this.source = binary.source;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** @throws Error with the last line of its log when it does not come up */
  async start(): Promise<void> {
    await mkdir(path.join(this.options.dataDir, 'redis-data'), { recursive: true });
    await mkdir(path.dirname(this.#logFile), { recursive: true });
    for (let attempt = 1; ; attempt += 1) {
      this.#port = await freePort();
      const problem = await this.#launch();
      if (problem === null) return;
      if (attempt === PORT_TRIES || !/in use|another process/.test(problem)) throw new Error(problem);
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const child = this.#child;
    if (child !== null && isRunning(child)) {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      // What Redis has not written after this long it will not write: a full or broken disk.
      const patience = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await exited;
      clearTimeout(patience);
    }
    await this.claim.release();
  }

  /** @returns null when it answers, else one sentence */
  async #launch(): Promise<string | null> {
    const child = await this.#spawn();
    const problem = await this.#waitForAnswer(child);
    if (problem !== null) {
      child.kill('SIGKILL');
      return problem;
    }
    this.#child = child;
    await this.claim.name({ pid: child.pid ?? 0, port: this.#port });
    if (isRunning(child)) child.once('exit', () => void this.#onDeath());
    else void this.#onDeath();
    return null;
  }

  async #spawn(): Promise<ChildProcess> {
    const { binary } = this;
    await keepSmall(this.#logFile);
    const log = await open(this.#logFile, 'a');
    try {
      const [command, words] = await dieWithParent('TERM', binary.command, this.#arguments());
      const child = spawn(command, words, {
        // Its own session: Ctrl-C is for the supervisor.
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
        cwd: this.options.dataDir,
        ...environmentFor(binary.libraryDirs),
      });
      child.on('error', () => undefined); // Without a pid it has not started; `#waitForAnswer` says so.
      return child;
    } finally {
      await log.close();
    }
  }

  #arguments(): string[] {
    const settings = {
      port: this.#port,
      bind: '127.0.0.1',
      dir: path.join(this.options.dataDir, 'redis-data'),
      appendonly: 'yes',
      // The append-only file is the durable one; snapshots beside it would double the writing.
      save: '',
      'maxmemory-policy': 'noeviction',
      maxmemory: Math.floor(memoryBytes() / 2),
    };
    return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  }

  /** A connection is not an answer yet: a server that reads its data accepts them and says LOADING. */
  async #waitForAnswer(child: ChildProcess): Promise<string | null> {
    let deadline = Date.now() + FIRST_ANSWER_MS;
    let told = false;
    while (Date.now() < deadline) {
      if (!isRunning(child)) return this.#lastWords();
      const probe = await probeRedis(new URL(this.url), PROBE_MS);
      if (probe.state === 'up') {
        return probe.info.processId === child.pid ? null : `another process answers on port ${this.#port}`;
      }
      if (probe.state === 'loading') {
        deadline = Date.now() + FIRST_ANSWER_MS;
        if (!told) this.options.say('Redis: reading its data');
        told = true;
      }
      await sleep(25);
    }
    return `Redis did not answer on port ${this.#port}: see ${this.#logFile}`;
  }

  async #onDeath(): Promise<void> {
    const { restart, say } = this.options;
    if (restart !== true) return;
    for (let pauseMs = 0; this.#stopping === null; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2 + 500)) {
      say('Redis: it died and is being restarted');
      await sleep(pauseMs, undefined, { ref: false });
      // Stopped while we paused: then nothing may start any more.
      if (this.#isStopping()) return;
      const problem = await this.#launch();
      if (problem === null) return this.#isStopping() ? this.#endLateStart() : undefined;
      say(`Redis: ${problem}`);
    }
  }

  #isStopping(): boolean {
    return this.#stopping !== null;
  }

  /** `stop()` found no child, because this one was being born. */
  async #endLateStart(): Promise<void> {
    this.#child?.kill('SIGTERM');
    await this.claim.release();
  }

  get #logFile(): string {
    return path.join(this.options.dataDir, 'logs', 'redis.log');
  }

  async #lastWords(): Promise<string> {
    const lines = (await readFile(this.#logFile, 'utf8').catch(() => '')).trimEnd().split('\n');
    const last = lines.findLast((line) => /#|FATAL|error|rror:/.test(line)) ?? lines.at(-1) ?? '';
    const words = last.replace(/^\d+:\w .*? [#*] /, '').trim();
    return `Redis ended while starting${words === '' ? '' : ` ("${words}")`}: see ${this.#logFile}`;
  }
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function keepSmall(file: string): Promise<void> {
  const { size } = await stat(file).catch(() => ({ size: 0 }));
  if (size > LARGEST_LOG_BYTES) await truncate(file);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** What this container or machine may use. */
function memoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
