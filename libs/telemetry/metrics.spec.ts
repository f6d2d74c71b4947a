import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { ApiMetrics, registerQueueGauges, WorkerMetrics } from './metrics.js';

function everything(): Registry {
  const registry = new Registry();
  const api = new ApiMetrics(registry);
  const worker = new WorkerMetrics(registry, { ready: () => 2, busy: () => 1 });
  registerQueueGauges(registry, {
    depth: () => [['iris', 12]],
    jobs: () => [['iris', 'waiting', 3]],
    memoryShare: () => 0.25,
    redisUp: () => false,
  });
  api.accepted.inc({ model: 'iris' });
  worker.observeBatch('iris', 32, { preprocessMs: 1, runMs: 20, postprocessMs: 3 });
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
    const bounded = ['model', 'version', 'state', 'stage', 'kind', 'outcome', 'reason', 'field', 'rule', 'cause'];
    expect([...bounded, 'route', 'method', 'status', 'le']).toEqual(expect.arrayContaining([...labels]));
  });
});

it('shows gauges as they stand when somebody looks', async () => {
  const text = await everything().metrics();
  expect(text).toContain('millrace_queue_depth_predictions{model="iris"} 12');
  expect(text).toContain('millrace_queue_jobs{model="iris",state="waiting"} 3');
  expect(text).toContain('millrace_redis_memory_ratio 0.25');
  expect(text).toContain('millrace_redis_up 0');
  expect(text).toContain('millrace_executors_ready 2');
  expect(text).toContain('millrace_executors_busy 1');
});

it('measures a micro-batch by its rows and, in seconds, by its stages', async () => {
  const text = await everything().metrics();
  expect(text).toContain('millrace_micro_batch_predictions_sum{model="iris"} 32');
  expect(text).toContain('millrace_inference_stage_seconds_sum{model="iris",stage="run"} 0.02');
  expect(text).toContain('millrace_inference_stage_seconds_sum{model="iris",stage="preprocess"} 0.001');
});
