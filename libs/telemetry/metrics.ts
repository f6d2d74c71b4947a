/**
 * What Millrace counts. Names follow Prometheus's conventions: prefix `millrace_`, base units, labels of bounded
 * cardinality only (never an id, a key, a URL or an input).
 */
import { type Counter, Gauge, type Histogram, type Registry } from 'prom-client';
import { instrumentsOf } from './instruments.js';

/** Why a submit is refused that is right in itself. */
const REFUSALS = ['queue_full', 'storage_full', 'draining'];
const SERVER_ERRORS = ['500', '503'];
export const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

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
    const { Counter, Histogram } = instrumentsOf(registry);
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

  /** Shows what may happen before it has: a rate over the first time needs a zero before it. */
  expect(models: readonly string[]): void {
    for (const model of models) {
      this.accepted.inc({ model }, 0);
      for (const reason of REFUSALS) this.refused.inc({ model, reason }, 0);
    }
  }

  /** The same for a route: an alert is about its server errors. */
  expectRoute(route: string, method: string): void {
    for (const status of SERVER_ERRORS) this.requests.inc({ route, method, status }, 0);
  }
}

/** What a worker may meet, so that it can be shown before it has happened. */
export interface Expected {
  readonly versions: readonly { readonly model: string; readonly version: string }[];
  readonly outcomes: readonly string[];
  readonly failureCodes: readonly string[];
  readonly kinds: readonly string[];
  readonly deathCauses: readonly string[];
}

export class WorkerMetrics {
  readonly predictions: Counter<'model' | 'version' | 'outcome'>;
  readonly failed: Counter<'model' | 'version' | 'code'>;
  readonly queueSeconds: Histogram<'model' | 'priority'>;
  readonly totalSeconds: Histogram<'model' | 'priority'>;
  readonly stageSeconds: Histogram<'model' | 'version' | 'stage'>;
  readonly batchSize: Histogram<'model'>;
  readonly envelopes: Counter<'model' | 'kind'>;
  readonly envelopeRows: Histogram<'model'>;
  readonly stalled: Counter<'model'>;
  readonly lostLocks: Counter<'model'>;
  readonly executorDeaths: Counter<'cause'>;
  readonly modelLoadSeconds: Gauge<'model' | 'version'>;

  constructor(registry: Registry, executors: { wanted(): number; ready(): number; busy(): number }) {
    const registers = [registry];
    const { Counter, Histogram } = instrumentsOf(registry);
    this.predictions = new Counter({
      name: 'millrace_predictions_total',
      help: 'Predictions that ended here, by outcome; moved ones end in their retry job.',
      labelNames: ['model', 'version', 'outcome'],
      registers,
    });
    this.failed = new Counter({
      name: 'millrace_predictions_failed_total',
      help: 'Predictions that failed for good, by why.',
      labelNames: ['model', 'version', 'code'],
      registers,
    });
    this.queueSeconds = new Histogram({
      name: 'millrace_prediction_queue_seconds',
      help: 'Time from acceptance to the start of the first run; rows of batches are not among them.',
      labelNames: ['model', 'priority'],
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
      labelNames: ['model', 'version', 'stage'],
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
      help: 'Predictions per envelope.',
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
    this.lostLocks = new Counter({
      name: 'millrace_lost_locks_total',
      help: 'Envelopes that this worker held and no longer does: it was too slow to renew their locks.',
      labelNames: ['model'],
      registers,
    });
    this.executorDeaths = new Counter({
      name: 'millrace_executor_deaths_total',
      help: 'Executor child processes that ended without being asked to.',
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

  /** Shows what may happen before it has: a rate over the first time needs a zero before it. */
  expect({ versions, outcomes, failureCodes, kinds, deathCauses }: Expected): void {
    for (const { model, version } of versions) {
      for (const outcome of outcomes) this.predictions.inc({ model, version, outcome }, 0);
      for (const code of failureCodes) this.failed.inc({ model, version, code }, 0);
      for (const kind of kinds) this.envelopes.inc({ model, kind }, 0);
      this.stalled.inc({ model }, 0);
      this.lostLocks.inc({ model }, 0);
    }
    for (const cause of deathCauses) this.executorDeaths.inc({ cause }, 0);
  }

  observeBatch(
    { model, version }: { readonly model: string; readonly version: string },
    rows: number,
    stages: { readonly preprocessMs: number; readonly runMs: number; readonly postprocessMs: number },
  ): void {
    this.batchSize.observe({ model }, rows);
    this.stageSeconds.observe({ model, version, stage: 'preprocess' }, stages.preprocessMs / 1_000);
    this.stageSeconds.observe({ model, version, stage: 'run' }, stages.runMs / 1_000);
    this.stageSeconds.observe({ model, version, stage: 'postprocess' }, stages.postprocessMs / 1_000);
  }
}
