/** What goes out: events and deliveries, and what the janitor mended. */
import { dashboardOf } from './dashboard.js';
import { increase, quantile, rate, share } from './expressions.js';
import { figure, heatMap, lines } from './panels.js';

const COURIER = '{app="courier"}';
const small = { width: 4, height: 4 };
const third = { width: 8, height: 8 };
const ATTEMPTS = 'millrace_webhook_attempts_total';

export const webhooks = dashboardOf({
  uid: 'millrace-webhooks',
  title: 'Webhooks',
  description: 'What goes out: events and deliveries, and what the janitor mended.',
  rows: [
    [
      figure({
        ...small,
        title: 'Couriers ready',
        description: 'None: nothing is delivered. Runbook webhook-backlog.',
        unit: 'none',
        expr: `sum(millrace_ready${COURIER})`,
      }),
      figure({
        ...small,
        title: 'Tries that succeed',
        description: 'Share of tries that were answered with 2xx. Below a half: a large receiver is broken, or we are.',
        unit: 'percentunit',
        expr: share(`sum(${rate(`${ATTEMPTS}{outcome="delivered"}`)})`, `sum(${rate(ATTEMPTS)})`),
      }),
      figure({
        ...small,
        title: 'Oldest due',
        description:
          'How long the delivery due for longest has waited for a courier. Above 5 min: runbook webhook-backlog.',
        unit: 's',
        expr: 'max(millrace_webhook_oldest_due_seconds)',
        steps: { warn: 60, bad: 300 },
      }),
      figure({
        ...small,
        title: 'Endpoints left alone',
        description: 'They failed five times in a row and get one try at a time until one succeeds.',
        unit: 'none',
        expr: 'max(millrace_webhook_endpoints_open)',
        steps: { warn: 1 },
      }),
      figure({
        ...small,
        title: 'Dead letters',
        description: 'Deliveries that are no longer tried. Their clients can have them sent again.',
        unit: 'none',
        expr: 'max(millrace_webhook_dead_letters)',
        steps: { warn: 1 },
      }),
      figure({
        ...small,
        title: 'Mended in an hour',
        description: 'What the janitor ended because nobody else had. 0 on a normal day. Runbook janitor-mends.',
        unit: 'none',
        expr: 'sum(increase(millrace_janitor_mended_total[1h]))',
        steps: { warn: 1 },
      }),
    ],
    [
      lines({
        ...third,
        title: 'Events',
        description:
          'Events made for clients per second, by kind; predictions removed before their event could be made.',
        unit: 'cps',
        queries: [
          { expr: `sum by (event) (${rate('millrace_events_total')})`, legend: '{{event}}' },
          { expr: `sum(${rate('millrace_events_expired_total')})`, legend: 'never told' },
        ],
      }),
      lines({
        ...third,
        title: 'Tries by outcome',
        description: 'Per second. retry: tried again later. dead: the last one. gone: answered with 410.',
        unit: 'cps',
        stacked: true,
        queries: [{ expr: `sum by (outcome) (${rate(ATTEMPTS)})`, legend: '{{outcome}}' }],
      }),
      lines({
        ...third,
        title: 'Endpoints',
        description: 'Owed a delivery, and left alone because they fail.',
        unit: 'none',
        queries: [
          { expr: 'max(millrace_webhook_endpoints_owed)', legend: 'owed' },
          { expr: 'max(millrace_webhook_endpoints_open)', legend: 'left alone' },
        ],
      }),
    ],
    [
      lines({
        ...third,
        title: 'Time to delivery',
        description: 'From the event to the 2xx, for delivered webhooks; failed tries in between are included.',
        unit: 's',
        queries: [0.5, 0.95, 0.99].map((q) => ({
          expr: quantile(q, 'millrace_webhook_delivery_seconds'),
          legend: `p${q * 100}`,
        })),
      }),
      heatMap({
        ...third,
        title: 'Time to delivery, all of them',
        description: 'How many took how long. The bands are the pauses between tries.',
        unit: 's',
        expr: `sum by (le) (${increase('millrace_webhook_delivery_seconds_bucket')})`,
      }),
      lines({
        ...third,
        title: 'Time of one try',
        description: 'How long receivers take to answer; they get at most 15 s.',
        unit: 's',
        queries: [0.5, 0.95, 0.99].map((q) => ({
          expr: quantile(q, 'millrace_webhook_attempt_duration_seconds'),
          legend: `p${q * 100}`,
        })),
      }),
    ],
    [
      lines({
        ...third,
        title: 'Backlog',
        description:
          'Due: could be sent now; rises when couriers are too few or away. Owed: a receiver fails, or is slow.',
        unit: 's',
        queries: [
          { expr: 'max(millrace_webhook_oldest_due_seconds)', legend: 'oldest due' },
          { expr: 'max(millrace_webhook_oldest_owed_seconds)', legend: 'oldest owed' },
        ],
      }),
      lines({
        ...third,
        title: 'The janitor mended',
        description: 'Per second, by kind. If it continues, there is a cause: runbook janitor-mends.',
        unit: 'cps',
        queries: [{ expr: `sum by (what) (${rate('millrace_janitor_mended_total')})`, legend: '{{what}}' }],
      }),
      lines({
        ...third,
        title: 'Couriers',
        description:
          'Processor seconds per second of each; the delay that 99 of 100 turns of its event loop stay below.',
        unit: 'short',
        queries: [
          { expr: `sum by (instance) (${rate(`process_cpu_seconds_total${COURIER}`)})`, legend: 'CPU {{instance}}' },
          {
            expr: `max by (instance) (nodejs_eventloop_lag_p99_seconds${COURIER})`,
            legend: 'event loop, s {{instance}}',
          },
        ],
      }),
    ],
  ],
});
