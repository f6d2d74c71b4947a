/** The whole fleet on one sheet, for the status page and `millrace status`. Times are seconds, and RFC 3339 for moments. */
import { toTime, toTimeOrNull } from '#contract/time';
import type { ModelRepository } from '#models/repository';
import type { Backlog, QueueBacklog } from '#queue/backlog';
import { withinBudget } from '#queue/connection';
import type { Deliveries } from '#queue/deliveries';
import { listFailed } from '#queue/failed-predictions';
import type { ModelQueues } from '#queue/model-queues';
import type { ModelState, ModelSwitch } from '#queue/model-switch';
import type { RedisWatch } from '#queue/redis-watch';
import type { Build } from '#telemetry/process-gauges';
import type { FleetView } from '../fleet-view.js';
import type { WorkAhead } from '../work-ahead.js';

export interface WorkerStatus {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly started_at: string;
  /** `name:label` of what it has loaded. */
  readonly models: readonly string[];
  readonly executors: { readonly ready: number; readonly busy: number };
}

export interface ModelStatus {
  readonly model: string;
  readonly version_label: string;
  /** What an operator has switched it to. */
  readonly state: ModelState;
  /** Since when, and by whom; null while it runs. */
  readonly state_since: string | null;
  readonly state_by: string | null;
  readonly workers: number;
  readonly executors: number;
  /** Predictions, estimated from jobs and a sample of their sizes; rows of batches are `low`. */
  readonly waiting: { readonly normal: number; readonly low: number };
  readonly running: number;
  /** Age of the oldest that waits. */
  readonly oldest_waiting: number | null;
  /** Predictions that have ended a second, lately. */
  readonly rate: number;
  /** Seconds until what waits has run; null where nobody knows. */
  readonly time_to_drain: number | null;
  /** Predictions that failed for good and are kept. */
  readonly dead_letters: number;
}

export interface FailureStatus {
  readonly id: string;
  readonly model: string;
  readonly version_label: string;
  readonly error_code: string;
  readonly error: string;
  readonly failed_at: string;
}

export interface FleetStatus {
  readonly version: string;
  readonly commit: string;
  /** What works less well, in words. */
  readonly degraded: readonly string[];
  readonly redis: { readonly up: boolean; readonly memory_share: number; readonly round_trip: number };
  readonly workers: readonly WorkerStatus[];
  readonly models: readonly ModelStatus[];
  /** Newest first. */
  readonly last_failures: readonly FailureStatus[];
  readonly deliveries: {
    readonly endpoints_owed: number;
    readonly endpoints_broken: number;
    /** Age of the oldest try that is due. */
    readonly oldest_due: number;
    readonly dead_letters: number;
  };
}

export interface StatusParts {
  readonly build: Build;
  readonly repository: ModelRepository;
  readonly queues: ModelQueues;
  readonly backlog: Pick<Backlog, 'of'>;
  readonly fleet: FleetView;
  readonly ahead: Pick<WorkAhead, 'drainSeconds'>;
  readonly switches: Pick<ModelSwitch, 'of'>;
  readonly deliveries: Pick<Deliveries, 'summary'>;
  readonly redisWatch: Pick<RedisWatch, 'facts'>;
  readonly degraded: () => readonly string[];
}

const FAILURES_SHOWN = 10;

/** Seen as this process saw it in the last second; only failures and deliveries are asked for now. */
export class FleetStatusReader {
  constructor(private readonly parts: StatusParts) {}

  /** @throws QueueUnavailableError when Redis does not answer in time */
  async read(): Promise<FleetStatus> {
    const { build, redisWatch, deliveries, degraded, queues } = this.parts;
    const [owed, failures] = await withinBudget(queues.redis, () =>
      Promise.all([deliveries.summary(), this.#lastFailures()]),
    );
    const { memoryShare, roundTripMs } = redisWatch.facts;
    return {
      version: build.version,
      commit: build.commit,
      degraded: degraded(),
      redis: { up: queues.redis.status === 'ready', memory_share: memoryShare, round_trip: roundTripMs / 1_000 },
      workers: this.#workers(),
      models: this.models(),
      last_failures: failures,
      deliveries: {
        endpoints_owed: owed.endpoints,
        endpoints_broken: owed.broken,
        oldest_due: owed.oldestDueMs / 1_000,
        dead_letters: owed.dead,
      },
    };
  }

  #workers(): WorkerStatus[] {
    const { fleet, repository } = this.parts;
    return fleet.workers.map(({ id, host, pid, startedAtMs, versions, executors }) => ({
      id,
      host,
      pid,
      started_at: toTime(startedAtMs),
      models: versions.map((served) => `${served.model}:${repository.byId(served.id)?.label ?? 'unknown'}`),
      executors,
    }));
  }

  /** @returns undefined for a model that is not here */
  model(name: string): ModelStatus | undefined {
    return this.parts.repository.latest(name) === undefined ? undefined : this.#model(name);
  }

  models(): ModelStatus[] {
    return this.parts.repository.names().map((model) => this.#model(model));
  }

  #model(model: string): ModelStatus {
    const { repository, backlog, fleet, ahead, switches } = this.parts;
    const version = repository.latest(model);
    const { byPriority, deadLetters } = backlog.of(model);
    const { normal, low } = byPriority;
    const { state, sinceMs, by } = switches.of(model);
    return {
      model,
      version_label: version?.label ?? 'unknown',
      state,
      state_since: toTimeOrNull(sinceMs),
      state_by: by,
      workers: fleet.workers.filter(({ models }) => models.includes(model)).length,
      executors: fleet.executorsOf(model),
      waiting: { normal: waitingIn(normal), low: waitingIn(low) },
      running: normal.active + low.active,
      oldest_waiting: ageSeconds([normal, low]),
      rate: fleet.rateOf(model),
      time_to_drain: ahead.drainSeconds(model, version?.id ?? ''),
      dead_letters: deadLetters,
    };
  }

  async #lastFailures(): Promise<FailureStatus[]> {
    const { queues, repository } = this.parts;
    const { predictions } = await listFailed(queues, repository.names(), { limit: FAILURES_SHOWN, before: null });
    return predictions.map(({ id, model, versionLabel, failure, failedAtMs }) => ({
      id,
      model,
      version_label: versionLabel,
      error_code: failure.code,
      error: failure.message,
      failed_at: toTime(failedAtMs),
    }));
  }
}

function waitingIn({ waiting, delayed }: QueueBacklog): number {
  return waiting + delayed;
}

function ageSeconds(queues: readonly QueueBacklog[]): number | null {
  const times = queues.flatMap(({ oldestAtMs }) => oldestAtMs ?? []);
  return times.length === 0 ? null : Math.max(0, (Date.now() - Math.min(...times)) / 1_000);
}
