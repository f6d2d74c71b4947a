/** One model: what it is asked, how long it takes, and its versions side by side. */
import { dashboardOf } from './dashboard.js';
import { increase, mean, quantile, rate, share } from './expressions.js';
import { figure, heatMap, lines } from './panels.js';

const MODEL = 'model="$model"';
const VERSIONS = `${MODEL},version=~"$version"`;
const NORMAL = `{${MODEL},priority="normal"}`;
const small = { width: 4, height: 4 };
const third = { width: 8, height: 8 };
const half = { width: 12, height: 8 };

export const model = dashboardOf({
  uid: 'millrace-model',
  title: 'Model',
  description: 'One model: what it is asked, how long it takes, and its versions side by side.',
  variables: [
    { name: 'model', label: 'Model', query: 'label_values(millrace_model_workers, model)' },
    {
      name: 'version',
      label: 'Version',
      query: 'label_values(millrace_worker_model_loaded{model="$model"}, version)',
      many: true,
    },
  ],
  rows: [
    [
      figure({
        ...small,
        title: 'Accepted',
        description: 'Predictions accepted per second, rows of batches included.',
        unit: 'cps',
        expr: `sum(${rate(`millrace_predictions_accepted_total{${MODEL}}`)})`,
      }),
      figure({
        ...small,
        title: 'Failed',
        description: 'Share of ended predictions that failed for good. Above 1 % since a new version: roll back.',
        unit: 'percentunit',
        expr: share(
          `sum(${rate(`millrace_predictions_total{${VERSIONS},outcome="failed"}`)})`,
          `sum(${rate(`millrace_predictions_total{${VERSIONS},outcome=~"succeeded|failed"}`)})`,
        ),
        steps: { warn: 0.01, bad: 0.05 },
      }),
      figure({
        ...small,
        title: 'Time to result, p95',
        description: 'From acceptance to the settled outcome, normal priority.',
        unit: 's',
        expr: quantile(0.95, 'millrace_prediction_duration_seconds', NORMAL),
      }),
      figure({
        ...small,
        title: 'Work that waits',
        description: 'Seconds that one executor would need for everything that waits.',
        unit: 's',
        expr: `max(millrace_queue_work_seconds{${MODEL}})`,
      }),
      figure({
        ...small,
        title: 'Workers',
        description: 'Live workers that serve it. None: runbook no-worker.',
        unit: 'none',
        expr: `max(millrace_model_workers{${MODEL}})`,
      }),
      figure({
        ...small,
        title: 'Dead letters',
        description: 'Its predictions that failed for good and are kept. Runbook dead-letters.',
        unit: 'none',
        expr: `max(millrace_dead_letters{${MODEL}})`,
        steps: { warn: 1, bad: 100 },
      }),
    ],
    [
      lines({
        ...third,
        title: 'Predictions by version',
        description: 'Predictions that succeeded per second. When versions change, one falls as the other rises.',
        unit: 'cps',
        stacked: true,
        queries: [
          {
            expr: `sum by (version) (${rate(`millrace_predictions_total{${VERSIONS},outcome="succeeded"}`)})`,
            legend: '{{version}}',
          },
        ],
      }),
      lines({
        ...third,
        title: 'Failed by version',
        description: 'Share of ended predictions that failed for good, for each version.',
        unit: 'percentunit',
        queries: [
          {
            expr: share(
              `sum by (version) (${rate(`millrace_predictions_total{${VERSIONS},outcome="failed"}`)})`,
              `sum by (version) (${rate(`millrace_predictions_total{${VERSIONS},outcome=~"succeeded|failed"}`)})`,
            ),
            legend: '{{version}}',
          },
        ],
      }),
      lines({
        ...third,
        title: 'Failures by code',
        description: 'timeout: too slow. model_error: the graph refuses it. crashed: it kills its executor.',
        unit: 'cps',
        queries: [
          {
            expr: `sum by (version, code) (${rate(`millrace_predictions_failed_total{${VERSIONS}}`)})`,
            legend: '{{version}} {{code}}',
          },
        ],
      }),
    ],
    [
      lines({
        ...third,
        title: 'Outcomes of $version',
        description: 'One panel per version. moved: it failed or died among others and runs again alone.',
        unit: 'cps',
        repeat: 'version',
        queries: [
          {
            expr: `sum by (outcome) (${rate(`millrace_predictions_total{${VERSIONS}}`)})`,
            legend: '{{outcome}}',
          },
        ],
      }),
    ],
    [
      lines({
        ...third,
        title: 'Stages of a micro-batch, $version',
        description: 'One panel per version: 95 of 100 micro-batches took less. run is the graph itself.',
        unit: 's',
        repeat: 'version',
        queries: [
          {
            expr: quantile(0.95, 'millrace_inference_stage_seconds', `{${VERSIONS}}`, ['stage']),
            legend: '{{stage}}',
          },
        ],
      }),
    ],
    [
      lines({
        ...third,
        title: 'Workers by version',
        description: 'Live workers that have the version loaded. Both versions have some while one replaces the other.',
        unit: 'none',
        queries: [
          {
            expr: `count by (version) (max by (worker, version) (millrace_worker_model_loaded{${VERSIONS}}))`,
            legend: '{{version}}',
          },
        ],
      }),
      lines({
        ...third,
        title: 'Load time by version',
        description: 'Time to load, warm up and check it, as last measured by the slowest worker.',
        unit: 's',
        queries: [{ expr: `max by (version) (millrace_model_load_seconds{${VERSIONS}})`, legend: '{{version}}' }],
      }),
      lines({
        ...third,
        title: 'Micro-batch and envelope',
        description:
          'Mean number of predictions that run together, and that share a job in the queue. Higher under load.',
        unit: 'short',
        queries: [
          { expr: mean('millrace_micro_batch_predictions', 'model', `{${MODEL}}`), legend: 'micro-batch' },
          { expr: mean('millrace_envelope_predictions', 'model', `{${MODEL}}`), legend: 'envelope' },
        ],
      }),
    ],
    [
      lines({
        ...third,
        title: 'Time to result',
        description: 'From acceptance to the settled outcome, normal priority.',
        unit: 's',
        queries: [0.5, 0.95, 0.99].map((q) => ({
          expr: quantile(q, 'millrace_prediction_duration_seconds', NORMAL),
          legend: `p${q * 100}`,
        })),
      }),
      heatMap({
        ...third,
        title: 'Time to result, all of them',
        description: 'How many took how long.',
        unit: 's',
        expr: `sum by (le) (${increase(`millrace_prediction_duration_seconds_bucket${NORMAL}`)})`,
      }),
      lines({
        ...third,
        title: 'Where the time goes',
        description:
          '95 of 100: wait of callers with Prefer: wait, wait in the queue, and from acceptance to outcome at low priority.',
        unit: 's',
        queries: [
          { expr: quantile(0.95, 'millrace_prediction_wait_seconds', `{${MODEL}}`), legend: 'callers that wait' },
          { expr: quantile(0.95, 'millrace_prediction_queue_seconds', NORMAL), legend: 'in the queue' },
          {
            expr: quantile(0.95, 'millrace_prediction_duration_seconds', `{${MODEL},priority="low"}`),
            legend: 'low priority',
          },
        ],
      }),
    ],
    [
      lines({
        ...third,
        title: 'Queue',
        description: 'Predictions that wait, run or are delayed, by priority; low includes rows of batches.',
        unit: 'short',
        stacked: true,
        queries: [
          {
            expr: `max by (priority, state) (millrace_queue_predictions{${MODEL}})`,
            legend: '{{priority}} {{state}}',
          },
        ],
      }),
      lines({
        ...third,
        title: 'Queue age and time to drain',
        description: 'How long the oldest prediction has waited, and how long the present workers need for everything.',
        unit: 's',
        queries: [
          {
            expr: `max by (priority) (millrace_queue_oldest_waiting_seconds{${MODEL}})`,
            legend: 'oldest {{priority}}',
          },
          { expr: `max(millrace_queue_drain_seconds{${MODEL}})`, legend: 'to drain' },
        ],
      }),
      lines({
        ...third,
        title: 'Jobs',
        description: 'Jobs of its queues by state, retry jobs included. failed are dead letters.',
        unit: 'short',
        queries: [{ expr: `max by (state) (millrace_queue_jobs{${MODEL}})`, legend: '{{state}}' }],
      }),
    ],
    [
      lines({
        ...half,
        title: 'Rejected inputs',
        description:
          'Fields that broke a rule, per second. One field and one rule: a client changed. Runbook rejected-inputs.',
        unit: 'cps',
        queries: [
          {
            expr: `sum by (field, rule) (${rate(`millrace_rejected_inputs_total{${MODEL}}`)})`,
            legend: '{{field}} {{rule}}',
          },
        ],
      }),
      lines({
        ...half,
        title: 'Refused, and came back',
        description:
          'Predictions refused before the queue, by reason, and envelopes whose worker died or lost its lock.',
        unit: 'cps',
        queries: [
          {
            expr: `sum by (reason) (${rate(`millrace_predictions_refused_total{${MODEL}}`)})`,
            legend: 'refused {{reason}}',
          },
          { expr: `sum(${rate(`millrace_envelopes_stalled_total{${MODEL}}`)})`, legend: 'envelopes stalled' },
          { expr: `sum(${rate(`millrace_lost_locks_total{${MODEL}}`)})`, legend: 'locks lost' },
        ],
      }),
    ],
  ],
});
