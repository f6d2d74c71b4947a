/** One screen: is it the clients, the queue, the workers, Redis or a model? */
import { dashboardOf } from './dashboard.js';
import { increase, quantile, rate, share, SUBMITS } from './expressions.js';
import { figure, heatMap, lines, table } from './panels.js';

const RESULTS = 'millrace_prediction_duration_seconds';
const NORMAL = '{priority="normal"}';
const small = { width: 3, height: 4 };
const third = { width: 8, height: 8 };

export const overview = dashboardOf({
  uid: 'millrace-overview',
  title: 'Overview',
  description: 'One screen: is it the clients, the queue, the workers, Redis or a model?',
  rows: [
    [
      figure({
        ...small,
        title: 'Not ready',
        description: 'Processes whose /ready says 503. Any: runbook not-ready-after-deploy.',
        unit: 'none',
        expr: 'sum(1 - millrace_ready)',
        steps: { bad: 1 },
      }),
      figure({
        ...small,
        title: 'Submit errors',
        description: 'Share of submits answered with 5xx. Above 1 %: runbook submit-errors.',
        unit: 'percentunit',
        expr: share(
          `sum(${rate(`millrace_http_requests_total{${SUBMITS},status=~"5.."}`)})`,
          `sum(${rate(`millrace_http_requests_total{${SUBMITS}}`)})`,
        ),
        steps: { warn: 0.001, bad: 0.01 },
      }),
      figure({
        ...small,
        title: 'Oldest waiting',
        description:
          'Age of the prediction that has waited longest, rows of batches left out. Above a minute: runbook queue-growing.',
        unit: 's',
        expr: `max(millrace_queue_oldest_waiting_seconds${NORMAL})`,
        steps: { warn: 10, bad: 60 },
      }),
      figure({
        ...small,
        title: 'Time to drain',
        description: 'Seconds until the fullest queue would be empty, if nothing more came.',
        unit: 's',
        expr: 'max(millrace_queue_drain_seconds)',
        steps: { warn: 600, bad: 3600 },
      }),
      figure({
        ...small,
        title: 'Live workers',
        description: 'Workers that have reported within the last 15 s. None: runbook no-worker.',
        unit: 'none',
        expr: 'count(max by (worker) (millrace_worker_up)) or vector(0)',
      }),
      figure({
        ...small,
        title: 'Models without worker',
        description: 'Models that no live worker serves. Any: runbook no-worker.',
        unit: 'none',
        expr: 'sum(max by (model) (millrace_model_workers) == bool 0)',
        steps: { bad: 1 },
      }),
      figure({
        ...small,
        title: 'Redis memory',
        description: 'Share of its limit; from REDIS_MEMORY_MARK (80 %) on, submits get 429. Runbook redis-memory.',
        unit: 'percentunit',
        expr: 'max(millrace_redis_memory_ratio)',
        steps: { warn: 0.7, bad: 0.8 },
      }),
      figure({
        ...small,
        title: 'Dead letters',
        description: 'Predictions that failed for good and are kept for inspection. Runbook dead-letters.',
        unit: 'none',
        expr: 'sum(max by (model) (millrace_dead_letters))',
        steps: { warn: 1, bad: 100 },
      }),
    ],
    [
      lines({
        ...third,
        title: 'Traffic',
        description:
          'Requests per second by status. 422: clients. 429: the queue or Redis is full. 503: Redis is away.',
        unit: 'reqps',
        stacked: true,
        queries: [{ expr: `sum by (status) (${rate('millrace_http_requests_total')})`, legend: '{{status}}' }],
      }),
      lines({
        ...third,
        title: 'Errors',
        description:
          'What callers did not get, per second: refused before the queue, failed after it, inputs that break a rule.',
        unit: 'cps',
        queries: [
          { expr: `sum by (reason) (${rate('millrace_predictions_refused_total')})`, legend: 'refused {{reason}}' },
          { expr: `sum(${rate('millrace_predictions_total{outcome="failed"}')})`, legend: 'failed' },
          { expr: `sum(${rate('millrace_rejected_inputs_total')})`, legend: 'fields rejected' },
          {
            expr: `sum(${rate('millrace_http_requests_total{status=~"5.."}')})`,
            legend: 'answers 5xx',
          },
        ],
      }),
      lines({
        ...third,
        title: 'Time to result',
        description:
          'From acceptance to the settled outcome; rows of batches and low priority left out. Runbook latency.',
        unit: 's',
        queries: [0.5, 0.95, 0.99].map((q) => ({ expr: quantile(q, RESULTS, NORMAL), legend: `p${q * 100}` })),
      }),
    ],
    [
      heatMap({
        ...third,
        title: 'Time to result, all of them',
        description:
          'How many took how long. Two bands: some wait for something that others do not, such as one sick worker.',
        unit: 's',
        expr: `sum by (le) (${increase(`${RESULTS}_bucket${NORMAL}`)})`,
      }),
      lines({
        ...third,
        title: 'Queue age',
        description:
          'Age of the oldest waiting prediction, by model and priority. A straight rising line: no worker takes it.',
        unit: 's',
        queries: [
          {
            expr: 'max by (model, priority) (millrace_queue_oldest_waiting_seconds)',
            legend: '{{model}} {{priority}}',
          },
        ],
      }),
      lines({
        ...third,
        title: 'Saturation',
        description: 'How much is in use: executors, memory of Redis, processor time of the busiest process.',
        unit: 'percentunit',
        queries: [
          { expr: 'sum(millrace_executors_busy) / (sum(millrace_executors_ready) > 0)', legend: 'executors' },
          { expr: 'max(millrace_redis_memory_ratio)', legend: 'memory of Redis' },
          {
            expr: `max by (app) (${rate('process_cpu_seconds_total{app=~"api|worker|courier"}')})`,
            legend: 'CPU {{app}}',
          },
        ],
      }),
    ],
    [
      table({
        width: 16,
        height: 8,
        title: 'Models',
        description: 'Each model now. If one differs, the cause is that model; if all are alike, it is the fleet.',
        unit: 'short',
        label: 'model',
        columns: [
          { title: 'accepted/s', unit: 'cps', expr: `sum by (model) (${rate('millrace_predictions_accepted_total')})` },
          {
            title: 'succeeded/s',
            unit: 'cps',
            expr: `sum by (model) (${rate('millrace_predictions_total{outcome="succeeded"}')})`,
          },
          {
            title: 'failed',
            unit: 'percentunit',
            expr: share(
              `sum by (model) (${rate('millrace_predictions_total{outcome="failed"}')})`,
              `sum by (model) (${rate('millrace_predictions_total{outcome=~"succeeded|failed"}')})`,
            ),
          },
          { title: 'p95', unit: 's', expr: quantile(0.95, RESULTS, NORMAL, ['model']) },
          {
            title: 'waiting',
            unit: 'short',
            expr: 'sum by (model) (max by (model, priority) (millrace_queue_predictions{state="waiting"}))',
          },
          { title: 'drain', unit: 's', expr: 'max by (model) (millrace_queue_drain_seconds)' },
          { title: 'workers', unit: 'none', expr: 'max by (model) (millrace_model_workers)' },
          { title: 'dead letters', unit: 'none', expr: 'max by (model) (millrace_dead_letters)' },
        ],
      }),
      lines({
        ...third,
        title: 'Redis',
        description: 'Time of a PING as API processes see it. Above 10 ms everything is slow. Runbook redis-away.',
        unit: 's',
        queries: [{ expr: 'max by (instance) (millrace_redis_round_trip_seconds)', legend: '{{instance}}' }],
      }),
    ],
  ],
});
