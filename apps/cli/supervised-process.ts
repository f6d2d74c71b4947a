/**
 * One process of the fleet: started, heard, started again when it dies, stopped.
 *
 * It has a session of its own, so that Ctrl-C reaches the launcher alone, which stops things in order; and it ends with
 * the launcher, whatever ends that (the kernel's signal where there is one, else the closed IPC channel).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { dieWithParent } from '#process/die-with-parent';
import { EXIT_REFUSED, type LaunchMessage } from '#process/launch-channel';
import type { ProcessLog } from './process-log.js';
import { RestartPolicy } from './restart-policy.js';

const LAST_LINES_MS = 200;

export interface ProcessSpec {
  /** `api`, `worker-1`: in logs and lines for people. */
  readonly name: string;
  /** Absolute path of its script. */
  readonly script: string;
  readonly environment: NodeJS.ProcessEnv;
}

export interface ProcessEvents {
  readonly onListening: (message: Extract<LaunchMessage, { kind: 'listening' }>) => void;
  /** It made the first key of the fleet, which nobody sees again. */
  readonly onFirstKey: (key: string) => void;
  /** It can never start as things are. */
  readonly onRefused: (reason: string) => void;
  /** It died by itself and is started again after `pauseMs`. */
  readonly onDeath: (how: string, pauseMs: number) => void;
}

/**
 * Megabytes of the young generation, of which Node's default is 16: requests and envelopes outlive fewer collections, a tenth
 * of the API's work (docs/adr/0009). The images have the same.
 */
const NODE_FLAGS = ['--enable-source-maps', '--max-semi-space-size=32'];

export class SupervisedProcess {
  readonly #policy = new RestartPolicy();
  #child: ChildProcess | null = null;
  #exited: Promise<void> = Promise.resolve();
  #pause: NodeJS.Timeout | null = null;
  #wanted = false;
  #refused = false;

  constructor(
    readonly spec: ProcessSpec,
    private readonly log: ProcessLog,
    private readonly events: ProcessEvents,
  ) {}

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  async start(): Promise<void> {
    this.#wanted = true;
    await this.#launch();
  }

  /** SIGTERM, then SIGKILL after `deadlineMs`. Idempotent; resolves when it is gone. */
  async stop(deadlineMs: number): Promise<void> {
    this.#wanted = false;
    if (this.#pause !== null) clearTimeout(this.#pause);
    this.#child?.kill('SIGTERM');
    const patience = setTimeout(() => this.kill(), deadlineMs);
    await this.#exited;
    clearTimeout(patience);
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  async #launch(): Promise<void> {
    const words = [...NODE_FLAGS, this.spec.script];
    const [command, all] = await dieWithParent('KILL', process.execPath, words);
    if (!this.#wanted) return;
    this.#refused = false;
    const child = spawn(command, all, {
      detached: true,
      env: this.spec.environment,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    for (const output of [child.stdout, child.stderr]) if (output !== null) this.log.follow(output);
    child.on('message', (message) => this.#onMessage(message));
    this.#exited = new Promise((resolve) => {
      // Its last lines may still be on their way; a grandchild may hold the pipe open for longer.
      child.once('exit', () => setTimeout(resolve, LAST_LINES_MS));
      child.once('close', () => resolve());
      // Without a pid there is no exit to come.
      child.once('error', () => resolve());
    });
    child.once('error', (error) => this.#onEnd(error.message, null));
    child.once('exit', (code, signal) => this.#onEnd(signal ?? `exit code ${code ?? '?'}`, code));
  }

  #onMessage(message: unknown): void {
    if (isListening(message)) this.events.onListening(message);
    if (isFirstKey(message)) this.events.onFirstKey(message.key);
    if (isRefused(message)) this.#refuse(message.reason);
  }

  #refuse(reason: string): void {
    if (this.#refused) return;
    this.#refused = true;
    this.events.onRefused(reason);
  }

  #onEnd(how: string, code: number | null): void {
    this.#child = null;
    if (!this.#wanted) return;
    if (code === EXIT_REFUSED) return this.#refuse('it cannot start as things are; its log says why');
    const pauseMs = this.#policy.onDeath(Date.now());
    this.events.onDeath(how, pauseMs);
    this.#pause = setTimeout(() => void this.#launch(), pauseMs);
  }
}

function isListening(message: unknown): message is Extract<LaunchMessage, { kind: 'listening' }> {
  const { kind, opsUrl } = (message ?? {}) as Record<string, unknown>;
  return kind === 'listening' && typeof opsUrl === 'string';
}

function isFirstKey(message: unknown): message is Extract<LaunchMessage, { kind: 'first_key' }> {
  const { kind, key } = (message ?? {}) as Record<string, unknown>;
  return kind === 'first_key' && typeof key === 'string';
}

function isRefused(message: unknown): message is Extract<LaunchMessage, { kind: 'refused' }> {
  const { kind, reason } = (message ?? {}) as Record<string, unknown>;
  return kind === 'refused' && typeof reason === 'string';
}
