/** What operators call: every call needs a key with the scope `operate`. Names of fields are those of the wire. */
import { route } from './routes.js';
import { type ClientOptions, Transport } from './transport.js';

export type ModelState = 'running' | 'paused' | 'draining';

/** Durations are in seconds. */
export interface ModelStatus {
  readonly model: string;
  readonly version_label: string;
  readonly state: ModelState;
  readonly state_since: string | null;
  readonly state_by: string | null;
  readonly workers: number;
  readonly executors: number;
  /** Predictions; `low` are rows of batches and those of low priority. */
  readonly waiting: { readonly normal: number; readonly low: number };
  readonly running: number;
  readonly oldest_waiting: number | null;
  /** Predictions that end a second. */
  readonly rate: number;
  readonly time_to_drain: number | null;
  readonly dead_letters: number;
}

export interface WorkerStatus {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly started_at: string;
  /** `iris:1.0.0` */
  readonly models: readonly string[];
  readonly executors: { readonly ready: number; readonly busy: number };
}

export interface FleetStatus {
  readonly version: string;
  readonly commit: string;
  /** What works less well, in words. */
  readonly degraded: readonly string[];
  readonly redis: { readonly up: boolean; readonly memory_share: number; readonly round_trip: number };
  readonly workers: readonly WorkerStatus[];
  readonly models: readonly ModelStatus[];
  readonly last_failures: readonly DeadLetter[];
  readonly deliveries: {
    readonly endpoints_owed: number;
    readonly endpoints_broken: number;
    readonly oldest_due: number;
    readonly dead_letters: number;
  };
}

export interface DeadLetter {
  readonly id: string;
  readonly model: string;
  readonly version_label: string;
  /** Absent among the last failures of a fleet. */
  readonly client?: string;
  readonly error_code: string;
  readonly error: string;
  readonly failed_at: string;
}

export interface DeadDelivery {
  readonly id: string;
  readonly client: string;
  readonly host: string;
  readonly event: string;
  readonly subject: string;
  readonly status: string;
  readonly created_at: string;
}

export interface Timeline {
  readonly id: string;
  readonly model: string;
  readonly version_label: string;
  readonly client: string;
  readonly status: string;
  readonly error_code: string | null;
  readonly error: string | null;
  /** Why it does not run now, where operators or the fleet are the reason. */
  readonly held: string | null;
  readonly steps: readonly { readonly at: string | null; readonly step: string; readonly detail: string }[];
}

interface Page<T> {
  readonly next: string | null;
  readonly results: readonly T[];
}

export class OperatorClient {
  readonly #transport: Transport;

  constructor(options: ClientOptions) {
    this.#transport = new Transport(options);
  }

  fleet(): Promise<FleetStatus> {
    return this.#transport.json('GET', route('/v1/fleet'));
  }

  async models(): Promise<readonly ModelStatus[]> {
    const { results }: Page<ModelStatus> = await this.#transport.json('GET', route('/v1/operations/models'));
    return results;
  }

  /** @param action `resume` ends the other two */
  switchModel(model: string, action: 'pause' | 'resume' | 'drain'): Promise<ModelStatus> {
    return this.#transport.json('POST', `/v1/operations/models/${encodeURIComponent(model)}/${action}`);
  }

  timeline(id: string): Promise<Timeline> {
    return this.#transport.json('GET', route('/v1/operations/predictions/{id}/timeline', id));
  }

  /** All of them, page by page, newest first. */
  deadLetters(model?: string): AsyncGenerator<DeadLetter, void, undefined> {
    const query = model === undefined ? '' : `?model=${encodeURIComponent(model)}`;
    return this.#all(`/v1/operations/dead-letters${query}`);
  }

  /** @returns the id of the new prediction */
  async redrive(id: string): Promise<string> {
    const path = route('/v1/operations/dead-letters/{id}/redrive', id);
    const fresh: { readonly id: string } = await this.#transport.json('POST', path);
    return fresh.id;
  }

  /** All webhooks that were given up, page by page, the last one first. */
  deadDeliveries(): AsyncGenerator<DeadDelivery, void, undefined> {
    return this.#all('/v1/operations/dead-deliveries');
  }

  redeliver(id: string): Promise<DeadDelivery> {
    return this.#transport.json('POST', route('/v1/operations/dead-deliveries/{id}/redeliver', id));
  }

  async *#all<T>(first: string): AsyncGenerator<T, void, undefined> {
    for (let path: string | null = first; path !== null;) {
      const page: Page<T> = await this.#transport.json('GET', path);
      yield* page.results;
      path = page.next;
    }
  }
}
