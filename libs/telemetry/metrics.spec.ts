import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { type FleetGauges, type QueueState, registerFleetGauges } from './fleet-gauges.js';
import { ApiMetrics, WorkerMetrics } from './metrics.js';

const IRIS: QueueState = {
  model: 'iris',
  predictions: [{ priority: 'normal', state: 'waiting', count: 12 }],
  jobs: { waiting: 3 },
  oldestWaiting: [{ priority: 'normal', seconds: 7.5 }],
  workSeconds: 4,
  drainSeconds: 2,
  deadLetters: 1,
  states: [{ state: 'running', isOn: true }],
  workers: 2,
};
const REDIS = { memoryShare: 0.25, keepsAll: true, appends: false, roundTripSeconds: 0.001 };

function fleet(): { -readonly [K in keyof FleetGauges]: FleetGauges[K] } {
  return {
    queues: () => [IRIS],
    workers: () => [{ id: 'w1', loaded: [{ model: 'iris', version: '1.0.0' }] }],
    redis: () => REDIS,
    isRedisUp: () => Promise.resolve(false),
  };
}

function everything(gauges: FleetGauges = fleet()): Registry {
  const registry = new Registry();
  const api = new ApiMetrics(registry);
  const worker = new WorkerMetrics(registry, { wanted: () => 2, ready: () => 2, busy: () => 1 });
  registerFleetGauges(registry, gauges);
  api.accepted.inc({ model: 'iris' });
  worker.observeBatch({ model: 'iris', version: '1.0.0' }, 32, { preprocessMs: 1, runMs: 20, postprocessMs: 3 });
  return registry;
}

describe('every metric', () => {
  it('has the prefix, a unit that Prometheus knows, and words that say what it counts', async () => {
    const metrics = await everything().getMetricsAsJSON();
    expect(metrics.length).toBeGreaterThan(15);
    for (const { name, help, type } of metrics) {
      expect(name).toMatch(/^millrace_[a-z_]+$/);
      expect(name).not.toMatch(/_(ms|milliseconds|percent)(_|$)/);
      if ((type as unknown) === 'counter') expect(name).toMatch(/_total$/);
      expect(help.length).toBeGreaterThan(10);
    }
  });

  it('has labels that are few: never an id, a key or an input', async () => {
    const text = await everything().metrics();
    const labels = new Set([...text.matchAll(/[{,]([a-z_]+)="/g)].map(([, label]) => label));
    const bounded = [
      'model',
      'version',
      'state',
      'stage',
      'kind',
      'outcome',
      'reason',
      'field',
      'rule',
      'cause',
      'priority',
      'worker',
    ];
    expect([...bounded, 'route', 'method', 'status', 'le']).toEqual(expect.arrayContaining([...labels]));
  });
});

it('shows gauges as they stand when somebody looks', async () => {
  const text = await everything().metrics();
  expect(text).toContain('millrace_queue_predictions{model="iris",priority="normal",state="waiting"} 12');
  expect(text).toContain('millrace_queue_oldest_waiting_seconds{model="iris",priority="normal"} 7.5');
  expect(text).toContain('millrace_queue_work_seconds{model="iris"} 4');
  expect(text).toContain('millrace_queue_drain_seconds{model="iris"} 2');
  expect(text).toContain('millrace_dead_letters{model="iris"} 1');
  expect(text).toContain('millrace_model_workers{model="iris"} 2');
  expect(text).toContain('millrace_redis_noeviction 1');
  expect(text).toContain('millrace_redis_persistence 0');
  expect(text).toContain('millrace_queue_jobs{model="iris",state="waiting"} 3');
  expect(text).toContain('millrace_redis_memory_ratio 0.25');
  expect(text).toContain('millrace_redis_up 0');
  expect(text).toContain('millrace_executors_ready 2');
  expect(text).toContain('millrace_executors_busy 1');
});

it('measures a micro-batch by its rows and, in seconds, by its stages', async () => {
  const text = await everything().metrics();
  expect(text).toContain('millrace_micro_batch_predictions_sum{model="iris"} 32');
  expect(text).toContain('millrace_inference_stage_seconds_sum{model="iris",version="1.0.0",stage="run"} 0.02');
  expect(text).toContain('millrace_inference_stage_seconds_sum{model="iris",version="1.0.0",stage="preprocess"} 0.001');
});

it('shows live workers alone, and nothing where nothing is known', async () => {
  const gauges = fleet();
  const registry = everything(gauges);
  const loaded = 'millrace_worker_model_loaded{worker="w1",model="iris",version="1.0.0"} 1';
  expect(await registry.metrics()).toContain(loaded);
  gauges.workers = () => [{ id: 'w2', loaded: [] }];
  gauges.queues = () => [{ ...IRIS, workSeconds: null, drainSeconds: null }];
  const text = await registry.metrics();
  expect(text).toContain('millrace_worker_up{worker="w2"} 1');
  expect(text).not.toContain('w1');
  expect(text).not.toMatch(/^millrace_queue_(work|drain)_seconds\{/m);
});
