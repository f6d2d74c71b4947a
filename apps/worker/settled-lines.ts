/**
 * What a worker says of what has ended: a line an envelope, up to fifty a second; a line of its own for a prediction that
 * failed or was slow. At `debug` every prediction has one.
 */
import { batchOf, type Envelope, rowCount } from '#contract/envelope';
import { API_VERSION } from '#contract/api-version';
import { categoryOf, parseFailure } from '#domain/failure';
import type { JobEnd, TakenEnvelope } from '#queue/taken-envelope';
import type { Settlement } from '#queue/outcomes';
import type { Logger } from '#telemetry/logger';
import { RateGate } from '#telemetry/sampling';
import { parseTraceparent } from '#telemetry/trace-context';
import { factsOf, type PredictionFacts } from './prediction-facts.js';

const ENVELOPES_PER_SECOND = 50;
/** Behind a full queue everything is slow. */
const SLOW_PER_SECOND = 10;
/** Rows of a batch that fail, all of them for one reason. */
const FAILED_ROWS_PER_SECOND = 10;
/** Of an envelope, in its line. */
const MOST_REQUESTS = 8;

export class SettledLines {
  readonly #envelopes = new RateGate(ENVELOPES_PER_SECOND);
  readonly #slow = new RateGate(SLOW_PER_SECOND);
  readonly #failedRows = new RateGate(FAILED_ROWS_PER_SECOND);

  /** @param slowMs from acceptance to the end */
  constructor(
    private readonly logger: Logger,
    private readonly slowMs: number,
  ) {}

  settled(taken: TakenEnvelope, counts: Settlement['counts'], end: JobEnd): void {
    const { rows, priority } = taken.envelope;
    const isOfBatch = batchOf(taken.envelope) !== undefined;
    if (end.kind === 'failed') return this.#failed(taken, end, isOfBatch ? this.#failedRows.pass() : 0);
    this.#envelope(taken, counts);
    // Rows of a batch are many, and wait by their nature; so do predictions of low priority.
    if (isOfBatch) return;
    const now = Date.now();
    const tellsAll = this.logger.isLevelEnabled('debug');
    for (let row = 0; row < rows.length; row += 1) {
      const isSlow = priority !== 'low' && now - (rows[row]?.createdAtMs ?? now) > this.slowMs;
      // Rows that moved to a retry job have not ended.
      if (isSlow && end.outcomes[row]?.kind !== 'moved') this.#tellSlow(taken, end, row, now);
      else if (tellsAll) this.#tell('debug', 'prediction', taken, factsOf(taken, end, row), now);
    }
  }

  #envelope({ jobId, envelope, stalls }: TakenEnvelope, counts: Settlement['counts']): void {
    const { model, versionLabel: version } = envelope;
    // What was wrong with them concerns the client, and is in the results.
    const neverRan = Object.keys(envelope.batch?.invalid ?? {}).length;
    const isBad = counts.failed > neverRan || counts.moved > 0;
    const suppressed = isBad ? 0 : this.#envelopes.pass();
    if (suppressed === null) return;
    const requests = requestsOf(envelope);
    this.logger[isBad ? 'warn' : 'info'](
      {
        envelope: jobId,
        ...(envelope.batch === undefined ? {} : { batch: envelope.batch.id }),
        ...(requests.length === 0 ? {} : { request_ids: requests }),
        api_version: API_VERSION,
        model,
        version,
        rows: rowCount(envelope),
        stalls,
        ...counts,
        ...heldBack(suppressed),
      },
      'settled',
    );
  }

  #failed(taken: TakenEnvelope, end: Extract<JobEnd, { kind: 'failed' }>, suppressed: number | null): void {
    if (suppressed === null) return;
    const failure = parseFailure(end.reason);
    const kind = { category: categoryOf(failure), code: failure.code, ...heldBack(suppressed) };
    this.#tell('warn', 'prediction failed', taken, factsOf(taken, end, 0), Date.now(), kind);
  }

  #tellSlow(taken: TakenEnvelope, end: JobEnd, row: number, now: number): void {
    const suppressed = this.#slow.pass();
    if (suppressed === null) return;
    this.#tell('warn', 'slow prediction', taken, factsOf(taken, end, row), now, heldBack(suppressed));
  }

  #tell(
    level: 'debug' | 'warn',
    text: string,
    { envelope, attempt }: TakenEnvelope,
    facts: PredictionFacts | null,
    now: number,
    more: object = {},
  ): void {
    if (facts === null) return;
    const { id, content, outcome } = facts;
    const { model, versionLabel: version } = envelope;
    this.logger[level](
      {
        prediction: id,
        ...traced(content.trace),
        api_version: API_VERSION,
        model,
        version,
        input_bytes: Buffer.byteLength(JSON.stringify(content.input)),
        outcome,
        attempt,
        ...timesOf(facts, now),
        ...more,
      },
      text,
    );
  }
}

function requestsOf({ rows, trace }: Envelope): string[] {
  const ids = new Set<string>(trace === undefined ? [] : [trace.requestId]);
  for (const row of rows) {
    if (ids.size >= MOST_REQUESTS) break;
    if (row.trace !== undefined) ids.add(row.trace.requestId);
  }
  return [...ids];
}

function traced(trace: PredictionFacts['content']['trace']): object {
  if (trace === undefined) return {};
  const span = parseTraceparent(trace.traceparent);
  return { request_id: trace.requestId, ...(span === null ? {} : { trace_id: span.traceId }) };
}

/** From its acceptance on, stage by stage, in milliseconds; `settle_ms` is from the end of the run until now. */
function timesOf({ content, startedAtMs, predictMs, batchSize, stages }: PredictionFacts, now: number): object {
  const total = { total_ms: now - content.createdAtMs };
  if (startedAtMs === null) return total;
  const queued = { ...total, queue_ms: startedAtMs - content.createdAtMs };
  if (predictMs === null) return queued;
  return {
    ...queued,
    ...(stages === null
      ? { predict_ms: rounded(predictMs) }
      : {
          preprocess_ms: rounded(stages.preprocessMs),
          run_ms: rounded(stages.runMs),
          postprocess_ms: rounded(stages.postprocessMs),
        }),
    settle_ms: Math.max(0, Math.round(now - startedAtMs - predictMs)),
    micro_batch: batchSize,
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

function heldBack(suppressed: number): object {
  return suppressed > 0 ? { suppressed } : {};
}
