/**
 * What the API says of queues, workers and Redis when somebody scrapes it. Every API process says the same: whoever adds
 * them up takes the maximum. All of it was looked at within the last second; a scrape asks nobody but Redis, whether it
 * answers.
 */
import { Gauge, type Registry } from 'prom-client';

/** What waits and runs for one model. */
export interface QueueState {
  readonly model: string;
  /** Predictions by priority and state, estimated from the jobs and a sample of their sizes. */
  readonly predictions: readonly { readonly priority: string; readonly state: string; readonly count: number }[];
  readonly jobs: Readonly<Record<string, number>>;
  /** Age of what has waited longest, by priority; 0 where nothing waits. */
  readonly oldestWaiting: readonly { readonly priority: string; readonly seconds: number }[];
  /** Seconds that one executor needs for all of it; null while nobody has measured the version. */
  readonly workSeconds: number | null;
  /** The same for the executors that there are; null also where there is none, or where the model is paused. */
  readonly drainSeconds: number | null;
  readonly deadLetters: number;
  /** What operators have switched the model to: one of them is on. */
  readonly states: readonly { readonly state: string; readonly isOn: boolean }[];
  readonly workers: number;
}

export interface WorkerState {
  readonly id: string;
  readonly loaded: readonly { readonly model: string; readonly version: string }[];
}

export interface RedisState {
  /** Used memory as a share of the limit. */
  readonly memoryShare: number;
  readonly keepsAll: boolean;
  readonly appends: boolean;
  readonly roundTripSeconds: number;
}

export interface FleetGauges {
  queues(): readonly QueueState[];
  workers(): readonly WorkerState[];
  redis(): RedisState;
  /** Asked at every scrape: a Redis that is frozen, or has just gone, must not look well for another second. */
  isRedisUp(): Promise<boolean>;
}

export function registerFleetGauges(registry: Registry, gauges: FleetGauges): void {
  registerQueues(registry, () => gauges.queues());
  registerWorkers(registry, () => gauges.workers());
  registerRedis(registry, gauges);
}

function registerQueues(registry: Registry, queues: () => readonly QueueState[]): void {
  const registers = [registry];
  new Gauge({
    name: 'millrace_queue_predictions',
    help: 'Predictions that wait or run, by priority and state, estimated from the jobs and a sample of their sizes.',
    labelNames: ['model', 'priority', 'state'],
    registers,
    collect() {
      for (const { model, predictions } of queues()) {
        for (const { priority, state, count } of predictions) this.set({ model, priority, state }, count);
      }
    },
  });
  new Gauge({
    name: 'millrace_queue_oldest_waiting_seconds',
    help: 'Age of the envelope that has waited longest; 0 while none waits.',
    labelNames: ['model', 'priority'],
    registers,
    collect() {
      for (const { model, oldestWaiting } of queues()) {
        for (const { priority, seconds } of oldestWaiting) this.set({ model, priority }, seconds);
      }
    },
  });
  new Gauge({
    name: 'millrace_queue_jobs',
    help: 'Jobs of a model by state, retry jobs included.',
    labelNames: ['model', 'state'],
    registers,
    collect() {
      for (const { model, jobs } of queues()) {
        for (const [state, count] of Object.entries(jobs)) this.set({ model, state }, count);
      }
    },
  });
  new Gauge({
    name: 'millrace_model_switch',
    help: '1 for the state to which operators have switched the model: running, paused or draining.',
    labelNames: ['model', 'state'],
    registers,
    collect() {
      for (const { model, states } of queues()) {
        for (const { state, isOn } of states) this.set({ model, state }, isOn ? 1 : 0);
      }
    },
  });
  perModel(registry, queues, [
    ['queue_work_seconds', 'Seconds that one executor needs for what waits and runs.', (one) => one.workSeconds],
    ['queue_drain_seconds', 'Seconds until that is done, with the executors there are.', (one) => one.drainSeconds],
    ['dead_letters', 'Predictions that failed for good and are kept for operators.', (one) => one.deadLetters],
    ['model_workers', 'Live workers that serve the model.', (one) => one.workers],
  ]);
}

type PerModel = readonly [name: string, help: string, read: (queue: QueueState) => number | null];

/** What is not known has no series. */
function perModel(registry: Registry, queues: () => readonly QueueState[], all: readonly PerModel[]): void {
  for (const [name, help, read] of all) {
    new Gauge({
      name: `millrace_${name}`,
      help,
      labelNames: ['model'],
      registers: [registry],
      collect() {
        this.reset();
        for (const queue of queues()) {
          const value = read(queue);
          if (value !== null) this.set({ model: queue.model }, value);
        }
      },
    });
  }
}

/** A series goes when its worker goes, so there are as many as workers live. */
function registerWorkers(registry: Registry, workers: () => readonly WorkerState[]): void {
  const registers = [registry];
  new Gauge({
    name: 'millrace_worker_up',
    help: '1 for each live worker.',
    labelNames: ['worker'],
    registers,
    collect() {
      this.reset();
      for (const { id } of workers()) this.set({ worker: id }, 1);
    },
  });
  new Gauge({
    name: 'millrace_worker_model_loaded',
    help: '1 for each version that a live worker has loaded.',
    labelNames: ['worker', 'model', 'version'],
    registers,
    collect() {
      this.reset();
      for (const { id, loaded } of workers()) {
        for (const { model, version } of loaded) this.set({ worker: id, model, version }, 1);
      }
    },
  });
}

function registerRedis(registry: Registry, { redis, isRedisUp }: Pick<FleetGauges, 'redis' | 'isRedisUp'>): void {
  const flag = (value: boolean): number => (value ? 1 : 0);
  const gauges: readonly [name: string, help: string, read: (state: RedisState) => number][] = [
    ['memory_ratio', 'Used memory of Redis as a share of its limit.', ({ memoryShare }) => memoryShare],
    ['noeviction', '1 where Redis refuses writes rather than evicting data.', ({ keepsAll }) => flag(keepsAll)],
    ['persistence', '1 where the append-only file is on and its last write went well.', ({ appends }) => flag(appends)],
    ['round_trip_seconds', 'Time of the last PING.', ({ roundTripSeconds }) => roundTripSeconds],
  ];
  new Gauge({
    name: 'millrace_redis_up',
    help: '1 while Redis answers this process.',
    registers: [registry],
    async collect() {
      this.set(flag(await isRedisUp()));
    },
  });
  for (const [name, help, read] of gauges) {
    new Gauge({
      name: `millrace_redis_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read(redis()));
      },
    });
  }
}
