/**
 * The worker's handle on one executor child process.
 *
 * It knows what the child has been given and what it has begun, so that when the child dies the micro-batch that ran
 * is known (its rows are the suspects) and what merely waited behind it is given back untouched.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import {
  isFromExecutor,
  type RowAnswer,
  type Stages,
  type ToExecutor,
  type VersionLoad,
} from '#contract/executor-protocol';
import type { InputText } from '#contract/input-text';
import type { VersionFolder, VersionId } from '#domain/model-version';
import { answersIn, encodeMessage, encodeRun, EXECUTOR_OUTPUT_FD, readMessages } from './message-pipe.js';

export interface ExecutorOptions {
  /** The JavaScript file that the child runs. */
  readonly entry: string;
  readonly modelsDir: string;
  /** The versions to load. */
  readonly versions: readonly VersionFolder[];
  readonly threads: number;
  /** The longest that a micro-batch of the version may run. */
  readonly timeoutMs: (versionId: VersionId) => number;
  /** The longest that a child may take to load everything. */
  readonly startMs: number;
  /** The longest that a child may take to begin what it was given, while it has nothing else to do. */
  readonly beginMs: number;
  /** The child's whole environment: nothing of the worker's, which knows the address and password of Redis. */
  readonly environment: Readonly<Record<string, string>>;
}

/** How the child ended, for people and as a label: `SIGSEGV`, `code 1`, or one of those below. */
export type DeathCause = string;

/** The child was ended because what it ran took longer than its version allows. */
export const TIMED_OUT: DeathCause = 'timeout';
/** The child was ended because a prediction that it ran was canceled. */
export const CANCELED: DeathCause = 'canceled';
/** The child was ended because its messages made no sense. */
export const NONSENSE: DeathCause = 'nonsense';
/** The child was ended because it did not get ready in time. */
const NO_START: DeathCause = 'no start';
/** The child was ended because it did not begin what it had been given: it is frozen, or its event loop hangs. */
export const HUNG: DeathCause = 'hung';
/** The child was ended because it refused to serve: it could not load a version, or something in it was wrong. */
export const REFUSED: DeathCause = 'refused';
/** There was no child: this machine, or this process, has no memory, process or file handle left for one. */
export const NOT_STARTED: DeathCause = 'not started';
/** Somebody else ended the child: an operator, or a kernel that is short of memory. No fault of native code looks so. */
export const KILLED: DeathCause = 'SIGKILL';
/** Causes of death seen in practice, for metrics that show them before they have happened. */
export const KNOWN_CAUSES: readonly DeathCause[] = [
  TIMED_OUT,
  CANCELED,
  NONSENSE,
  NO_START,
  HUNG,
  REFUSED,
  NOT_STARTED,
  KILLED,
  'SIGSEGV',
  'SIGABRT',
  'code 1',
];
/** Causes of death due to the run itself. */
const OF_THE_RUN: ReadonlySet<DeathCause> = new Set([TIMED_OUT, CANCELED]);

export interface ExecutorEvents {
  onReady(executor: Executor, loads: readonly VersionLoad[]): void;
  /** It cannot load a version. It is ended, and its death follows. */
  onRefused(reason: string): void;
  /** The child is gone; `running` is what it had begun, `waiting` what it had not. */
  onDeath(executor: Executor, cause: DeathCause, running: BatchRun | null, waiting: readonly BatchRun[]): void;
}

/** A micro-batch on its way through a child. */
export interface BatchRun {
  readonly versionId: VersionId;
  readonly inputs: readonly InputText[];
  onRunning(): void;
  onRan(results: readonly RowAnswer[], stages: Stages): void;
  /** @param mayPass it says nothing about the rows: a moment later they may run */
  onBroke(message: string, mayPass: boolean): void;
}

export class Executor {
  /** Null where it could not be started. */
  readonly #child: ChildProcess | null;
  readonly #inFlight = new Map<number, BatchRun>();
  #running: number | null = null;
  #overtime: NodeJS.Timeout | null = null;
  /** Runs while the child owes a word: that it is ready, or that it has begun what it was given. */
  #silence: NodeJS.Timeout | null = null;
  /** Why the worker ended it. */
  #stopped: DeathCause | null = null;
  #nextBatch = 1;
  #ready = false;
  #dead = false;

  constructor(
    private readonly options: ExecutorOptions,
    golden: 'all' | 'one',
    private readonly events: ExecutorEvents,
  ) {
    this.#child = spawnTiedToParent(options);
    if (this.#child === null) {
      // Whoever made it has to know it first.
      setImmediate(() => this.#bury(NOT_STARTED));
      return;
    }
    this.#listenTo(this.#child);
    const { modelsDir, versions, threads } = options;
    this.#send({ kind: 'load', modelsDir, versions, threads, golden });
    this.#listen();
  }

  #listenTo(child: ChildProcess): void {
    // A child that cannot be understood would leave its micro-batch waiting for ever.
    const onNonsense = (): void => this.stop(NONSENSE);
    const onMessage = (message: unknown, line: string): void => this.#receive(message, line);
    const [input, output] = [child.stdio[0] as Writable, child.stdio[EXECUTOR_OUTPUT_FD] as Readable];
    readMessages(output, { onMessage, onNonsense });
    // A pipe that breaks is followed by the child's end, which is what counts; a child that never began has none.
    for (const stream of [input, output]) stream.on('error', () => this.kill());
    child.on('error', () => (child.pid === undefined ? this.#bury(NOT_STARTED) : this.kill()));
    // Not `exit`: what the child said last is read first.
    child.on('close', (code, signal) => this.#bury(signal ?? `code ${code ?? 'unknown'}`));
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Has loaded everything and lives. */
  get ready(): boolean {
    return this.#ready && !this.#dead;
  }

  /** Micro-batches that the child has and has not answered. */
  get load(): number {
    return this.#inFlight.size;
  }

  /** The micro-batch that it has begun and not answered. */
  get running(): BatchRun | null {
    return this.#running === null ? null : (this.#inFlight.get(this.#running) ?? null);
  }

  run(batch: BatchRun): void {
    const number = this.#nextBatch++;
    this.#inFlight.set(number, batch);
    this.#write(encodeRun(number, batch.versionId, batch.inputs));
    if (this.#silence === null) this.#listen();
  }

  /** Ends the child at once, also when it is inside native code. */
  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  /** Ends the child for a reason that people are told. */
  stop(cause: DeathCause): void {
    this.#stopped ??= cause;
    this.kill();
  }

  #send(message: ToExecutor): void {
    this.#write(encodeMessage(message));
  }

  #write(line: string): void {
    const input = this.#child?.stdio[0];
    if (input?.writable === true) input.write(line);
  }

  #receive(message: unknown, line: string): void {
    if (!isFromExecutor(message)) return this.stop(NONSENSE);
    switch (message.kind) {
      case 'ready':
        this.#ready = true;
        this.#listen();
        return this.events.onReady(this, message.loads);
      case 'refused':
        this.events.onRefused(message.reason);
        return this.stop(REFUSED);
      case 'running':
        return this.#begin(message.batch);
      case 'ran': {
        const batch = this.#take(message.batch);
        if (batch === undefined) return;
        if (message.results.length !== batch.inputs.length)
          return batch.onBroke('The model answered for other rows.', false);
        return batch.onRan(answersIn(line, message.results), message.stages);
      }
      case 'broke':
        return this.#take(message.batch)?.onBroke(message.message, message.mayPass);
    }
  }

  #begin(number: number): void {
    const batch = this.#inFlight.get(number);
    if (batch === undefined) return;
    this.#running = number;
    this.#listen();
    this.#overtime = setTimeout(() => this.stop(TIMED_OUT), this.options.timeoutMs(batch.versionId));
    batch.onRunning();
  }

  #take(number: number): BatchRun | undefined {
    const batch = this.#inFlight.get(number);
    this.#inFlight.delete(number);
    if (this.#running === number) {
      this.#running = null;
      if (this.#overtime !== null) clearTimeout(this.#overtime);
    }
    this.#listen();
    return batch;
  }

  /** Restarts the wait for the message that the child owes now, if any; a silent child would keep its rows for ever. */
  #listen(): void {
    if (this.#silence !== null) clearTimeout(this.#silence);
    this.#silence = null;
    if (this.#dead) return;
    const { startMs, beginMs } = this.options;
    if (!this.#ready) this.#silence = setTimeout(() => this.stop(NO_START), startMs);
    else if (this.#running === null && this.load > 0) this.#silence = setTimeout(() => this.stop(HUNG), beginMs);
  }

  #bury(cause: DeathCause): void {
    if (this.#dead) return;
    this.#dead = true;
    const running = this.#running === null ? undefined : this.#take(this.#running);
    const waiting = [...this.#inFlight.values()];
    this.#inFlight.clear();
    this.#listen();
    const stopped = this.#stopped;
    // An answer that came in while the child was being ended is an answer: then it was stopped for nothing.
    const wasForNothing = running === undefined && stopped !== null && OF_THE_RUN.has(stopped);
    const reason = stopped === null || wasForNothing ? cause : stopped;
    this.events.onDeath(this, reason, running ?? null, waiting);
  }
}

/**
 * Starts the child so that the kernel ends it with its parent, also when the parent is killed with -9 and the child
 * is inside an endless native run (prctl(2), PR_SET_PDEATHSIG; `setpriv` of util-linux sets it). Where there is no
 * `setpriv` (macOS) the closing of its input ends the child as soon as its event loop turns.
 * @returns null where there is nothing left to start it with
 */
function spawnTiedToParent({ entry, environment }: ExecutorOptions): ChildProcess | null {
  const command = [process.execPath, '--enable-source-maps', entry, 'executor'];
  const tied = hasSetpriv() ? ['setpriv', '--pdeathsig', 'KILL', '--', ...command] : command;
  const [program = process.execPath, ...args] = tied;
  try {
    const child = spawn(program, args, { env: environment, stdio: ['pipe', 'ignore', 'inherit', 'pipe'] });
    // Without file handles for its pipes Node makes a child that has none, whatever its types say, and tells of it later.
    if ((child.stdio as unknown) !== undefined) return child;
    child.on('error', () => undefined);
    return null;
  } catch {
    // Without memory it throws.
    return null;
  }
}

let setprivFound: boolean | null = null;

function hasSetpriv(): boolean {
  setprivFound ??= process.platform === 'linux' && spawnSync('setpriv', ['--version']).status === 0;
  return setprivFound;
}
