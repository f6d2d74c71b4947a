/**
 * What Millrace counts. Names follow Prometheus's conventions: prefix `millrace_`, base units, labels of bounded
 * cardinality only (never an id, a key, a URL or an input).
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Up to a day: a receiver that is away is tried for three. */
const DELIVERY_SECONDS = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 21_600, 86_400];
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export class ApiMetrics {
  readonly requests: Counter<'route' | 'method' | 'status'>;
  readonly requestSeconds: Histogram<'route'>;
  readonly accepted: Counter<'model'>;
  readonly refused: Counter<'model' | 'reason'>;
  readonly rejectedInputs: Counter<'model' | 'field' | 'rule'>;
  readonly endToEndSeconds: Histogram<'model'>;
  /** Requests that have begun and not ended; a plain number, since each request changes it twice. */
  inFlight = 0;

  constructor(registry: Registry) {
    const registers = [registry];
    this.requests = new Counter({
      name: 'millrace_http_requests_total',
      help: 'HTTP requests by route, method and status code.',
      labelNames: ['route', 'method', 'status'],
      registers,
    });
    this.requestSeconds = new Histogram({
      name: 'millrace_http_request_duration_seconds',
      help: 'Time from the first byte of a request to the last byte of its answer.',
      labelNames: ['route'],
      buckets: SECONDS,
      registers,
    });
    const inFlight = (): number => this.inFlight;
    new Gauge({
      name: 'millrace_http_requests_in_flight',
      help: 'HTTP requests that have begun and not ended, waiting callers included.',
      registers,
      collect() {
        this.set(inFlight());
      },
    });
    this.accepted = new Counter({
      name: 'millrace_predictions_accepted_total',
      help: 'Predictions that Redis has confirmed.',
      labelNames: ['model'],
      registers,
    });
    this.refused = new Counter({
      name: 'millrace_predictions_refused_total',
      help: 'Predictions that were not accepted, by reason.',
      labelNames: ['model', 'reason'],
      registers,
    });
    this.rejectedInputs = new Counter({
      name: 'millrace_rejected_inputs_total',
      help: 'Fields of inputs that broke a rule of their model.',
      labelNames: ['model', 'field', 'rule'],
      registers,
    });
    this.endToEndSeconds = new Histogram({
      name: 'millrace_prediction_wait_seconds',
      help: 'Time from acceptance to the answer, of callers that wait for it.',
      labelNames: ['model'],
      buckets: SECONDS,
      registers,
    });
  }
}

export class WorkerMetrics {
  readonly predictions: Counter<'model' | 'version' | 'outcome'>;
  readonly queueSeconds: Histogram<'model'>;
  readonly totalSeconds: Histogram<'model' | 'priority'>;
  readonly stageSeconds: Histogram<'model' | 'stage'>;
  readonly batchSize: Histogram<'model'>;
  readonly envelopes: Counter<'model' | 'kind'>;
  readonly envelopeRows: Histogram<'model'>;
  readonly stalled: Counter<'model'>;
  readonly executorDeaths: Counter<'cause'>;
  readonly modelLoadSeconds: Gauge<'model' | 'version'>;

  constructor(registry: Registry, executors: { wanted(): number; ready(): number; busy(): number }) {
    const registers = [registry];
    this.predictions = new Counter({
      name: 'millrace_predictions_total',
      help: 'Predictions that ended here, by outcome; moved ones end in their retry job.',
      labelNames: ['model', 'version', 'outcome'],
      registers,
    });
    this.queueSeconds = new Histogram({
      name: 'millrace_prediction_queue_seconds',
      help: 'Time from acceptance to the start of the run.',
      labelNames: ['model'],
      buckets: SECONDS,
      registers,
    });
    this.totalSeconds = new Histogram({
      name: 'millrace_prediction_duration_seconds',
      help: 'Time from acceptance to the settled outcome; rows of batches are not among them.',
      labelNames: ['model', 'priority'],
      buckets: SECONDS,
      registers,
    });
    this.stageSeconds = new Histogram({
      name: 'millrace_inference_stage_seconds',
      help: 'Time of a micro-batch by stage: preprocess, run, postprocess.',
      labelNames: ['model', 'stage'],
      buckets: [0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
      registers,
    });
    this.batchSize = new Histogram({
      name: 'millrace_micro_batch_predictions',
      help: 'Predictions that ran together.',
      labelNames: ['model'],
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
      registers,
    });
    this.envelopes = new Counter({
      name: 'millrace_envelopes_total',
      help: 'Envelopes settled, by kind of queue.',
      labelNames: ['model', 'kind'],
      registers,
    });
    this.envelopeRows = new Histogram({
      name: 'millrace_envelope_predictions',
      help: 'Predictions of one envelope.',
      labelNames: ['model'],
      buckets: [1, 2, 4, 8, 16, 32, 64],
      registers,
    });
    this.stalled = new Counter({
      name: 'millrace_envelopes_stalled_total',
      help: 'Envelopes whose worker died or lost its lock, found by this worker.',
      labelNames: ['model'],
      registers,
    });
    this.executorDeaths = new Counter({
      name: 'millrace_executor_deaths_total',
      help: 'Executor child processes that ended unasked.',
      labelNames: ['cause'],
      registers,
    });
    this.modelLoadSeconds = new Gauge({
      name: 'millrace_model_load_seconds',
      help: 'Time to load, warm up and check a version, at its last load.',
      labelNames: ['model', 'version'],
      registers,
    });
    for (const [state, read] of [
      ['wanted', () => executors.wanted()],
      ['ready', () => executors.ready()],
      ['busy', () => executors.busy()],
    ] as const) {
      new Gauge({
        name: `millrace_executors_${state}`,
        help: `Executor child processes that are ${state}.`,
        registers,
        collect() {
          this.set(read());
        },
      });
    }
  }

  observeBatch(
    model: string,
    rows: number,
    stages: { readonly preprocessMs: number; readonly runMs: number; readonly postprocessMs: number },
  ): void {
    this.batchSize.observe({ model }, rows);
    this.stageSeconds.observe({ model, stage: 'preprocess' }, stages.preprocessMs / 1_000);
    this.stageSeconds.observe({ model, stage: 'run' }, stages.runMs / 1_000);
    this.stageSeconds.observe({ model, stage: 'postprocess' }, stages.postprocessMs / 1_000);
  }
}

/** What the courier owes, read when somebody scrapes. */
export interface OwedSummary {
  readonly endpoints: number;
  readonly broken: number;
  readonly dead: number;
  readonly oldestDueMs: number;
}

export class CourierMetrics {
  readonly events: Counter<'event'>;
  readonly expired: Counter;
  readonly attempts: Counter<'outcome'>;
  readonly attemptSeconds: Histogram;
  readonly deliverySeconds: Histogram;
  readonly mended: Counter<'what'>;

  constructor(registry: Registry, owed: () => Promise<OwedSummary>) {
    const registers = [registry];
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
      help: 'Tries to deliver a webhook, by what came of them: delivered, retry, dead, gone.',
      labelNames: ['outcome'],
      registers,
    });
    this.attemptSeconds = new Histogram({
      name: 'millrace_webhook_attempt_duration_seconds',
      help: 'Time of one try to deliver a webhook.',
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
      help: 'What nobody else ended, by what it was; on a normal day nothing.',
      labelNames: ['what'],
      registers,
    });
    registerOwed(registers, owed);
  }
}

function registerOwed(registers: Registry[], owed: () => Promise<OwedSummary>): void {
  const gauges = {
    endpoints: new Gauge({
      name: 'millrace_webhook_endpoints_owed',
      help: 'Endpoints that are owed a delivery. Several couriers export the same: take the maximum.',
      registers,
    }),
    broken: new Gauge({
      name: 'millrace_webhook_endpoints_open',
      help: 'Endpoints whose circuit is open: they failed again and again, and get one try at a time.',
      registers,
    }),
    dead: new Gauge({
      name: 'millrace_webhook_dead_letters',
      help: 'Deliveries that failed for good and were not sent again. Several couriers export the same.',
      registers,
    }),
  };
  new Gauge({
    name: 'millrace_webhook_oldest_due_seconds',
    help: 'How long the delivery that has been due longest waits.',
    registers,
    // One question to Redis for all of them.
    async collect() {
      const { endpoints, broken, dead, oldestDueMs } = await owed();
      gauges.endpoints.set(endpoints);
      gauges.broken.set(broken);
      gauges.dead.set(dead);
      this.set(oldestDueMs / 1_000);
    },
  });
}
