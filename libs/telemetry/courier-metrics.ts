/** What the courier counts; see `metrics.ts` for the names. */
import { type Counter, Gauge, type Histogram, type Registry } from 'prom-client';
import { instrumentsOf } from './instruments.js';
import { SECONDS } from './metrics.js';

/** Up to a day: a receiver that is away is tried for three. */
const DELIVERY_SECONDS = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 21_600, 86_400];

/** What all couriers together owe, read when somebody scrapes. */
export interface OwedSummary {
  readonly deliveries: number;
  readonly endpoints: number;
  readonly broken: number;
  readonly dead: number;
  readonly oldestOwedMs: number;
  readonly oldestDueMs: number;
}

export class CourierMetrics {
  readonly events: Counter<'event'>;
  readonly expired: Counter;
  readonly attempts: Counter<'outcome'>;
  readonly attemptSeconds: Histogram;
  readonly deliverySeconds: Histogram;
  readonly mended: Counter<'what'>;

  /** @param owed null where it is not known now */
  constructor(registry: Registry, owed: () => Promise<OwedSummary | null>) {
    const registers = [registry];
    const { Counter, Histogram } = instrumentsOf(registry);
    this.events = new Counter({
      name: 'millrace_events_total',
      help: 'Events made for clients, by kind.',
      labelNames: ['event'],
      registers,
    });
    this.expired = new Counter({
      name: 'millrace_events_expired_total',
      help: 'Predictions that were removed before their callback could be made.',
      registers,
    });
    this.attempts = new Counter({
      name: 'millrace_webhook_attempts_total',
      help: 'Tries to deliver a webhook, by outcome: delivered, retry, dead, gone.',
      labelNames: ['outcome'],
      registers,
    });
    this.attemptSeconds = new Histogram({
      name: 'millrace_webhook_attempt_duration_seconds',
      help: 'Time that one try to deliver a webhook took.',
      buckets: SECONDS,
      registers,
    });
    this.deliverySeconds = new Histogram({
      name: 'millrace_webhook_delivery_seconds',
      help: 'Time from an event to its delivery, of those that were delivered.',
      buckets: DELIVERY_SECONDS,
      registers,
    });
    this.mended = new Counter({
      name: 'millrace_janitor_mended_total',
      help: 'What the janitor ended because nobody else had, by kind; 0 on a normal day.',
      labelNames: ['what'],
      registers,
    });
    registerOwed(registers, owed);
  }

  /** Shows what may happen before it has: a rate over the first time needs a zero before it. */
  expect(known: Readonly<Record<'events' | 'outcomes' | 'mended', readonly string[]>>): void {
    for (const event of known.events) this.events.inc({ event }, 0);
    for (const outcome of known.outcomes) this.attempts.inc({ outcome }, 0);
    for (const what of known.mended) this.mended.inc({ what }, 0);
  }
}

type Owed = readonly [name: string, help: string, read: (owed: OwedSummary) => number];

const OWED: readonly Owed[] = [
  ['deliveries_owed', 'Deliveries that are neither delivered nor given up.', (owed) => owed.deliveries],
  ['endpoints_owed', 'Endpoints that are owed a delivery.', (owed) => owed.endpoints],
  [
    'endpoints_open',
    'Endpoints whose circuit is open: they failed again and again, and get one try at a time.',
    (owed) => owed.broken,
  ],
  ['dead_letters', 'Deliveries that failed for good and were not sent again.', (owed) => owed.dead],
  ['oldest_owed_seconds', 'Age of the oldest delivery that is owed.', (owed) => owed.oldestOwedMs / 1_000],
  [
    'oldest_due_seconds',
    'How long the oldest delivery that could be sent now has been due.',
    (owed) => owed.oldestDueMs / 1_000,
  ],
];

/** Several couriers export the same: whoever adds them up takes the maximum. What is not known has no series. */
function registerOwed(registers: Registry[], owed: () => Promise<OwedSummary | null>): void {
  // One question to Redis for all of them: prom-client asks all gauges of a scrape at once.
  let asked: Promise<OwedSummary | null> | null = null;
  const ask = (): Promise<OwedSummary | null> => (asked ??= owed().finally(() => (asked = null)));
  for (const [name, help, read] of OWED) {
    new Gauge({
      name: `millrace_webhook_${name}`,
      help,
      registers,
      async collect() {
        const summary = await ask();
        if (summary === null) this.remove();
        else this.set(read(summary));
      },
    });
  }
}
