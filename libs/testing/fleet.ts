/**
 * A fleet of real processes, `dist/apps/<app>/main.js`, started as the launcher starts
 * them, told of by their own messages, killed and stopped by real signals, and gone when the test is over.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import path from 'node:path';
import { projectRoot } from '#config/settings';
import { call, type Answer, type Call } from './http.js';
import { childrenOf, isRunning } from './process-table.js';
import { until, within } from './patience.js';

export type App = 'api' | 'worker' | 'courier';
export type Settings = Readonly<Record<string, string>>;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What a test looks for in a line; `unparsed` is one that is not ours. */
export interface LogLine {
  readonly level?: string;
  readonly msg?: string;
  readonly unparsed?: string;
  readonly [field: string]: unknown;
}

interface Listening {
  /** The others say that the process refuses to start, as its exit does, or hand over the first key. */
  readonly kind: 'listening' | 'refused' | 'first_key';
  readonly url?: string;
  readonly opsUrl: string;
}

/** A second or two where nobody else works; many more where several fleets start at once. */
const START_MS = 90_000;
const STOP_MS = 60_000;

/** A test run that is killed itself leaves no fleet behind, where the kernel can be asked for that. */
const TIED =
  process.platform === 'linux' && spawnSync('setpriv', ['--version']).status === 0
    ? ['setpriv', '--pdeathsig', 'KILL', process.execPath]
    : [process.execPath];

export class FleetProcess {
  readonly #child: ChildProcess;
  readonly #lines: LogLine[] = [];
  readonly #errors: string[] = [];
  readonly #listening: Promise<Listening>;
  #address: Listening | null = null;
  #firstKey: string | null = null;
  readonly exited: Promise<Exit>;

  constructor(
    readonly app: App,
    settings: Settings,
  ) {
    const [program = process.execPath, ...words] = TIED;
    this.#child = spawn(program, [...words, path.join(projectRoot(), 'dist', 'apps', app, 'main.js')], {
      cwd: projectRoot(),
      env: { PATH: process.env['PATH'], PORT: '0', OPS_PORT: '0', ...settings },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.exited = this.#untilExit();
    this.#child.on('message', (message: { kind: string; key?: string }) => {
      if (message.kind === 'first_key') this.#firstKey = message.key ?? null;
    });
    this.#listening = this.#hearListening();
    // A test that expects the process to refuse never asks.
    this.#listening.catch(() => undefined);
    this.#collect();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get url(): string {
    if (this.#address?.url === undefined) throw new Error(`${this.app} has no public address`);
    return this.#address.url;
  }

  get opsUrl(): string {
    if (this.#address === null) throw new Error(`${this.app} does not listen yet`);
    return this.#address.opsUrl;
  }

  get hasListened(): boolean {
    return this.#address !== null;
  }

  get isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Log lines so far, each parsed. */
  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  /** What it wrote where logs do not go. */
  get stderr(): string {
    return this.#errors.join('\n');
  }

  /** For who reads what went wrong. */
  get lastWords(): string {
    return [...this.#lines.slice(-3).map((line) => JSON.stringify(line)), ...this.#errors.slice(-3)].join(' | ');
  }

  async listening(): Promise<this> {
    this.#address = await within(this.#listening, { deadlineMs: START_MS, what: `${this.app} to listen` });
    return this;
  }

  /** Listens, and says that it can work. An API without workers is ready and degraded: `degraded` accepts that. */
  async ready(accept: 'ok' | 'degraded' = 'ok'): Promise<this> {
    await this.listening();
    await until(
      async () => {
        if (this.isOver) throw new Error(`${this.app} ended while it started: ${this.lastWords}`);
        const { status, json } = await call('GET', `${this.opsUrl}/ready`);
        return status === 200 && (accept === 'degraded' || json.status === 'ok');
      },
      { deadlineMs: START_MS, what: `${this.app} to be ready` },
    );
    return this;
  }

  call(method: string, route: string, options?: Call): Promise<Answer> {
    return call(method, this.url + route, options);
  }

  /** The first key, where this process has made and shown it. */
  get shownKey(): string | null {
    return this.#firstKey;
  }

  /** Waits for the key that this process makes, as its launcher is told. */
  async firstKey(): Promise<string> {
    return until(() => this.#firstKey, { deadlineMs: START_MS, what: `${this.app} to hand over the first key` });
  }

  /** The first log line that has all of `fields`, or the one that comes. */
  async line(fields: Readonly<Record<string, unknown>>): Promise<LogLine> {
    const matches = (line: LogLine): boolean => Object.entries(fields).every(([key, value]) => line[key] === value);
    const what = `a line with ${JSON.stringify(fields)} of ${this.app}`;
    return until(() => this.#lines.find(matches), { deadlineMs: START_MS, what });
  }

  /** Process ids of its executors. */
  executors(): Promise<number[]> {
    return childrenOf(this.pid, 'executor');
  }

  /** The one executor of a worker that has one. Never a guess: 0 would be the test's own process group. */
  async executor(): Promise<number> {
    const [pid, ...others] = await this.executors();
    if (pid === undefined || others.length > 0) throw new Error(`${this.app} has not exactly one executor`);
    return pid;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Leaves it alone, as a launcher that dies does. */
  abandon(): void {
    this.#child.disconnect();
  }

  /** Kills it as the kernel does when memory is out. */
  async kill(): Promise<Exit> {
    this.signal('SIGKILL');
    return this.exited;
  }

  /** Stops it as a deployment does. */
  async stop(): Promise<Exit> {
    if (!this.isOver) this.signal('SIGTERM');
    return within(this.exited, { deadlineMs: STOP_MS, what: `${this.app} to stop` });
  }

  /** Its last line may arrive a moment after the news of its end. */
  async #untilExit(): Promise<Exit> {
    const silent = this.#child.stdout === null ? null : once(this.#child.stdout, 'close');
    const [code, signal] = (await once(this.#child, 'exit')) as [Exit['code'], Exit['signal']];
    await silent;
    return { code, signal };
  }

  async #hearListening(): Promise<Listening> {
    for (;;) {
      const [message] = (await Promise.race([once(this.#child, 'message'), this.#tooEarly()])) as [Listening];
      if (message.kind === 'listening') return message;
    }
  }

  async #tooEarly(): Promise<never> {
    await this.exited;
    throw new Error(`${this.app} ended before it listened: ${this.lastWords}`);
  }

  #collect(): void {
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) return;
    createInterface({ input: stdout }).on('line', (line) => this.#lines.push(parseLine(line)));
    createInterface({ input: stderr }).on('line', (line) => this.#errors.push(line));
  }
}

function parseLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { unparsed: line }; // Not ours: a native library that writes to stdout.
  }
}

/** Processes that share a Redis and a prefix. */
export class Fleet {
  readonly #processes: FleetProcess[] = [];

  /** @param settings of every process; `REDIS_URL` and `REDIS_PREFIX` at least */
  constructor(readonly settings: Settings) {}

  /** Starts a process and returns at once; wait for `listening()` or `ready()`. */
  launch(app: App, settings: Settings = {}): FleetProcess {
    const started = new FleetProcess(app, { ...this.settings, ...settings });
    this.#processes.push(started);
    return started;
  }

  async api(settings: Settings = {}): Promise<FleetProcess> {
    return this.launch('api', settings).ready('degraded');
  }

  async worker(settings: Settings = {}): Promise<FleetProcess> {
    return this.launch('worker', settings).ready();
  }

  async courier(settings: Settings = {}): Promise<FleetProcess> {
    return this.launch('courier', settings).ready();
  }

  /** An API and a worker that know of each other. */
  async pair(settings: Settings = {}): Promise<{ api: FleetProcess; worker: FleetProcess }> {
    const api = this.launch('api', settings);
    const worker = this.launch('worker', settings);
    await worker.ready();
    await api.ready();
    return { api, worker };
  }

  /**
   * Stops what still runs.
   * @throws Error when a process does not end with 0, or leaves an executor behind
   */
  async end(): Promise<void> {
    const alive = this.#processes.splice(0).filter((one) => !one.isOver);
    const wrong = (await Promise.all(alive.map(endOne))).flat();
    if (wrong.length > 0) throw new Error(wrong.join('; '));
  }
}

/** @returns what was wrong about its end; whatever that is, nothing of it is left */
async function endOne(one: FleetProcess): Promise<string[]> {
  const name = `${one.app} (${one.pid})`;
  const executors = await one.executors();
  try {
    const { code, signal } = await one.stop();
    // Told to stop before it knew how to: the signal itself ended it.
    return code === 0 || (signal === 'SIGTERM' && !one.hasListened)
      ? []
      : [`${name} ended with ${code ?? signal ?? ''}: ${one.lastWords}`];
  } catch (error) {
    await one.kill();
    return [`${name}: ${String(error)}`];
  } finally {
    const isGone = async (pid: number): Promise<boolean> => !(await isRunning(pid));
    await Promise.all(
      executors.map((pid) => until(() => isGone(pid), { deadlineMs: 20_000, what: `executor ${pid} to end` })),
    );
  }
}
