/** Workers and their executors: who lives, what it has loaded, how busy it is, what died. */
import { dashboardOf } from './dashboard.js';
import { mean, quantile, rate } from './expressions.js';
import { figure, lines, table } from './panels.js';

const WORKER = '{app="worker"}';
const small = { width: 4, height: 4 };
const third = { width: 8, height: 8 };

export const workers = dashboardOf({
  uid: 'millrace-workers',
  title: 'Workers and executors',
  description: 'Which workers are alive, what they have loaded, how busy they are, what died.',
  rows: [
    [
      figure({
        ...small,
        title: 'Live workers',
        description: 'As the fleet itself counts them: those that have reported within the last 15 s.',
        unit: 'none',
        expr: 'count(max by (worker) (millrace_worker_up)) or vector(0)',
      }),
      figure({
        ...small,
        title: 'Workers not ready',
        description: 'They answer and are not ready: loading, draining, without Redis or without any executor.',
        unit: 'none',
        expr: `sum(1 - millrace_ready${WORKER})`,
        steps: { bad: 1 },
      }),
      figure({
        ...small,
        title: 'Executors missing',
        description: 'Wanted and not ready. For minutes: runbook executor-restart-loop.',
        unit: 'none',
        expr: 'sum(millrace_executors_wanted) - sum(millrace_executors_ready)',
        steps: { warn: 1, bad: 2 },
      }),
      figure({
        ...small,
        title: 'Executors busy',
        description: 'Share of the ready executors that run something at the moment of the scrape.',
        unit: 'percentunit',
        expr: 'sum(millrace_executors_busy) / (sum(millrace_executors_ready) > 0)',
      }),
      figure({
        ...small,
        title: 'Deaths in 10 min',
        description:
          'Executors that ended without being asked to, cancels left out. Above 5: runbook executor-restart-loop.',
        unit: 'none',
        expr: 'sum(increase(millrace_executor_deaths_total{cause!="canceled"}[10m])) or vector(0)',
        steps: { warn: 1, bad: 5 },
      }),
      figure({
        ...small,
        title: 'Clock',
        description: 'The clock that differs most from that of Redis. Above 2 s: runbook clock-skew.',
        unit: 's',
        expr: 'max(abs(millrace_clock_skew_seconds))',
        steps: { warn: 1, bad: 2 },
      }),
    ],
    [
      lines({
        ...third,
        title: 'Executors',
        description: 'Wanted, ready and busy. ready below wanted: they die, or are being loaded.',
        unit: 'none',
        queries: [
          { expr: 'sum(millrace_executors_wanted)', legend: 'wanted' },
          { expr: 'sum(millrace_executors_ready)', legend: 'ready' },
          { expr: 'sum(millrace_executors_busy)', legend: 'busy' },
        ],
      }),
      lines({
        ...third,
        title: 'Deaths of executors',
        description:
          'By cause, per second: timeout, memory, a signal. SIGKILL comes from the kernel, when memory is short, or from a person.',
        unit: 'cps',
        queries: [{ expr: `sum by (cause) (${rate('millrace_executor_deaths_total')})`, legend: '{{cause}}' }],
      }),
      lines({
        ...third,
        title: 'Envelopes that came back',
        description: 'Stalled: their worker died or lost its lock. Locks lost: this worker was too slow to renew.',
        unit: 'cps',
        queries: [
          { expr: `sum by (model) (${rate('millrace_envelopes_stalled_total')})`, legend: 'stalled {{model}}' },
          { expr: `sum by (model) (${rate('millrace_lost_locks_total')})`, legend: 'locks lost {{model}}' },
        ],
      }),
    ],
    [
      lines({
        ...third,
        title: 'Executors at work',
        description: 'Seconds of work per second, by stage: this many executors are busy all the time.',
        unit: 'short',
        stacked: true,
        queries: [{ expr: `sum by (stage) (${rate('millrace_inference_stage_seconds_sum')})`, legend: '{{stage}}' }],
      }),
      lines({
        ...third,
        title: 'Run of a micro-batch, p95',
        description:
          'The graph itself, by model. All models slower: the machine. One slower: that model, or its inputs.',
        unit: 's',
        queries: [
          {
            expr: quantile(0.95, 'millrace_inference_stage_seconds', '{stage="run"}', ['model']),
            legend: '{{model}}',
          },
        ],
      }),
      lines({
        ...third,
        title: 'Micro-batch',
        description:
          'Mean number of predictions that ran together. It grows under load, which is how a fleet keeps up.',
        unit: 'short',
        queries: [{ expr: mean('millrace_micro_batch_predictions', 'model'), legend: '{{model}}' }],
      }),
    ],
    [
      lines({
        ...third,
        title: 'Envelopes',
        description: 'Settled per second, by kind of queue: interactive, bulk (rows of batches, low priority), retry.',
        unit: 'cps',
        queries: [{ expr: `sum by (kind) (${rate('millrace_envelopes_total')})`, legend: '{{kind}}' }],
      }),
      table({
        ...third,
        title: 'Loaded',
        description: 'Live workers that have a version loaded, as the fleet itself counts them.',
        unit: 'none',
        label: 'model',
        columns: [
          {
            title: 'workers',
            unit: 'none',
            expr: 'count by (model, version) (max by (worker, model, version) (millrace_worker_model_loaded))',
          },
          {
            title: 'load time',
            unit: 's',
            expr: 'max by (model, version) (millrace_model_load_seconds)',
          },
        ],
      }),
      table({
        ...third,
        title: 'Processes',
        description: 'Each process with its build, as it reports it.',
        unit: 'none',
        label: 'instance',
        columns: [
          { title: 'build', unit: 'none', expr: 'max by (instance, app, version, commit) (millrace_build_info)' },
          { title: 'ready', unit: 'none', expr: 'max by (instance, app) (millrace_ready)' },
          { title: 'degraded', unit: 'none', expr: 'max by (instance, app) (millrace_degraded)' },
        ],
      }),
    ],
    [
      lines({
        ...third,
        title: 'Processor time',
        description: 'Processor seconds per second of each worker, its executors left out.',
        unit: 'short',
        queries: [
          { expr: `sum by (instance) (${rate(`process_cpu_seconds_total${WORKER}`)})`, legend: '{{instance}}' },
        ],
      }),
      lines({
        ...third,
        title: 'Memory',
        description: 'Resident memory of each worker, its executors left out. If it only ever rises: a leak.',
        unit: 'bytes',
        queries: [{ expr: `sum by (instance) (process_resident_memory_bytes${WORKER})`, legend: '{{instance}}' }],
      }),
      lines({
        ...third,
        title: 'Event loop',
        description: 'Delay that 99 of 100 turns stay below. Above 1 s locks are in danger.',
        unit: 's',
        queries: [{ expr: `max by (instance) (nodejs_eventloop_lag_p99_seconds${WORKER})`, legend: '{{instance}}' }],
      }),
    ],
  ],
});
