/** API, workers and courier as `npm start` runs them: the built processes, default settings, logs in files. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { projectRoot, SETTING_NAMES } from '#config/settings';
import { ProcessLog } from '../apps/cli/process-log.js';
import { SupervisedProcess } from '../apps/cli/supervised-process.js';
import type { Watched } from './observer.js';
import { childrenOf } from './processor-time.js';
import { FLEET_PREFIX } from './redis-under-test.js';

export interface FleetSetup {
  readonly redisUrl: string;
  /** Folder for logs. */
  readonly workDir: string;
  readonly modelsDir: string;
  readonly workers: number;
  /** A courier as well, which may call receivers on this machine. */
  readonly courier?: boolean;
  /** Of its keys in Redis, where there are two fleets. */
  readonly prefix?: string;
  /** What differs from the default settings. */
  readonly settings?: Readonly<Record<string, string>>;
}

interface Member {
  readonly process: SupervisedProcess;
  readonly log: ProcessLog;
}

const READY_MS = 60_000;
const STOP_MS = 25_000;

export class FleetUnderTest {
  /** Of the API. */
  port = 0;
  readonly #members: Member[] = [];
  readonly #operations = new Map<string, string>();
  readonly #listeners = new Set<(line: string) => void>();
  #failure: string | null = null;

  private constructor(private readonly setup: FleetSetup) {}

  static async start(setup: FleetSetup): Promise<FleetUnderTest> {
    const fleet = new FleetUnderTest(setup);
    const workers = Array.from({ length: setup.workers }, (_, index) => `worker-${index + 1}`);
    for (const name of ['api', ...workers, ...(setup.courier === true ? ['courier'] : [])]) fleet.#add(name);
    try {
      await Promise.all(fleet.#members.map(({ process }) => process.start()));
      await fleet.#untilReady(fleet.#members.length);
    } catch (error) {
      await fleet.stop();
      throw error;
    }
    return fleet;
  }

  /** Its processes, executors included, by name. */
  processes(): Watched[] {
    return this.#members.flatMap(({ process }) => {
      const { name } = process.spec;
      const pid = process.pid ?? 0;
      const executors = name.startsWith('worker') ? childrenOf(pid) : [];
      return [
        { name, pid },
        ...executors.map((executor, index) => ({
          name: name.replace('worker', 'executor') + suffix(index),
          pid: executor,
        })),
      ];
    });
  }

  /** Calls back with each line that a process writes. @returns how to stop */
  onLine(listener: (line: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Where the processes say what they have counted, by name. */
  metricsUrl(name: string): string {
    return `${this.#operations.get(name) ?? ''}/metrics`;
  }

  /** Asks every process for its metrics, as Prometheus does. */
  async scrape(): Promise<void> {
    const names = [...this.#operations.keys()];
    await Promise.all(names.map(async (name) => (await fetch(this.metricsUrl(name))).text()));
  }

  /** @throws Error when a process died meanwhile: what was measured then means nothing */
  mustBeWell(): void {
    if (this.#failure !== null) throw new Error(`${this.#failure}; its log is in ${this.setup.workDir}`);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map(({ process }) => process.stop(STOP_MS)));
    await Promise.all(this.#members.map(({ log }) => log.close()));
  }

  #add(name: string): void {
    const log = new ProcessLog(path.join(this.setup.workDir, 'logs'), name, (line) => {
      for (const listener of this.#listeners) listener(line);
    });
    const app = name.replace(/-\d+$/, '');
    const script = path.join(projectRoot(), 'dist', 'apps', app, 'main.js');
    const process = new SupervisedProcess({ name, script, environment: this.#environment() }, log, {
      onListening: ({ url, opsUrl }) => {
        if (url !== undefined) this.port = Number(new URL(url).port);
        this.#operations.set(name, opsUrl);
      },
      onFirstKey: () => undefined,
      onRefused: (reason) => (this.#failure = `${name} cannot start: ${reason}`),
      onDeath: (how) => (this.#failure = `${name} died (${how})`),
    });
    this.#members.push({ process, log });
  }

  /** The user's settings are left out: the bench measures the default ones. */
  #environment(): NodeJS.ProcessEnv {
    const own = Object.entries(process.env).filter(([name]) => !SETTING_NAMES.some((setting) => setting === name));
    const { redisUrl, modelsDir, workDir, courier, prefix = FLEET_PREFIX, settings } = this.setup;
    return {
      ...Object.fromEntries(own),
      REDIS_URL: redisUrl,
      REDIS_PREFIX: prefix,
      MODELS_DIR: modelsDir,
      DATA_DIR: workDir,
      PORT: '0',
      OPS_PORT: '0',
      ...(courier === true ? { WEBHOOK_ALLOW_PRIVATE: 'true' } : {}),
      ...settings,
      // Only says on which port a profiler may be asked for; opens none.
      NODE_OPTIONS: '--inspect-port=0',
    };
  }

  async #untilReady(count: number): Promise<void> {
    const deadline = Date.now() + READY_MS;
    for (;;) {
      this.mustBeWell();
      const states = await Promise.all([...this.#operations.values()].map(isReady));
      if (states.length === count && states.every(Boolean)) return;
      if (Date.now() > deadline) throw new Error(`the fleet is not ready after ${READY_MS / 1_000} s`);
      await sleep(100);
    }
  }
}

/** Ready and not degraded: the API has seen its workers. */
async function isReady(opsUrl: string): Promise<boolean> {
  try {
    const response = await fetch(`${opsUrl}/ready`);
    const { status } = (await response.json()) as { status: string };
    return response.ok && status === 'ok';
  } catch {
    return false; // Not listening yet.
  }
}

function suffix(index: number): string {
  return index === 0 ? '' : `-${index + 1}`;
}
