/** The app processes of one machine, under one supervisor. */
import path from 'node:path';
import { ProcessLog } from './process-log.js';
import { SupervisedProcess } from './supervised-process.js';

export interface FleetOptions {
  /** Folder that holds `api/main.js`, `courier/main.js` and `worker/main.js`. */
  readonly appsDir: string;
  readonly logDir: string;
  readonly workers: number;
  /** What every process gets; each adds its own. */
  readonly environment: NodeJS.ProcessEnv;
  /** Milliseconds a process may take to stop. */
  readonly stopMs: number;
}

export interface FleetEvents {
  readonly onLine: (name: string, line: string) => void;
  readonly onFirstKey: (key: string) => void;
  readonly onRefused: (name: string, reason: string) => void;
  readonly onDeath: (name: string, how: string, pauseMs: number) => void;
}

/** Where a process that listens can be reached. */
export interface Address {
  readonly url?: string;
  readonly opsUrl: string;
}

export class Fleet {
  readonly #processes: SupervisedProcess[];
  readonly #logs: ProcessLog[] = [];
  /** By process name; absent while it does not listen. */
  readonly #addresses = new Map<string, Address>();

  constructor(
    private readonly options: FleetOptions,
    private readonly events: FleetEvents,
  ) {
    const workers = Array.from({ length: options.workers }, (_, index) => `worker-${index + 1}`);
    this.#processes = [
      this.#supervise('api', 'api', {}),
      this.#supervise('courier', 'courier', { OPS_PORT: '0' }),
      ...workers.map((name) => this.#superviseWorker(name)),
    ];
  }

  get names(): string[] {
    return this.#processes.map(({ spec }) => spec.name);
  }

  address(name: string): Address | undefined {
    return this.#addresses.get(name);
  }

  async start(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.start()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop(this.options.stopMs)));
    await Promise.all(this.#logs.map((log) => log.close()));
  }

  /** With new code, after a build. */
  async restart(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop(this.options.stopMs)));
    this.#addresses.clear();
    await this.start();
  }

  /** Ends what is left, now. */
  kill(): void {
    for (const process of this.#processes) process.kill();
  }

  /** A fixed operations port is the API's; of several workers only one could have it. */
  #superviseWorker(name: string): SupervisedProcess {
    return this.#supervise(name, 'worker', { OPS_PORT: '0' });
  }

  #supervise(name: string, app: string, own: NodeJS.ProcessEnv): SupervisedProcess {
    const { options, events } = this;
    const log = new ProcessLog(options.logDir, name, (line) => events.onLine(name, line));
    this.#logs.push(log);
    const spec = {
      name,
      script: path.join(options.appsDir, app, 'main.js'),
      environment: { ...options.environment, ...own },
    };
    return new SupervisedProcess(spec, log, {
      onListening: ({ url, opsUrl }) =>
        void this.#addresses.set(name, url === undefined ? { opsUrl } : { url, opsUrl }),
      onFirstKey: events.onFirstKey,
      onRefused: (reason) => events.onRefused(name, reason),
      onDeath: (how, pauseMs) => {
        this.#addresses.delete(name);
        events.onDeath(name, how, pauseMs);
      },
    });
  }
}
