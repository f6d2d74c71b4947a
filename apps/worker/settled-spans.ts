/**
 * Spans of predictions whose callers' traces are sampled: the wait in the queue and the run. They are made when all is
 * over, out of what is measured anyway; an envelope without a trace costs a look at its rows. Rows of a batch have none: a
 * million spans show nothing.
 */
import { batchOf, type Envelope } from '#contract/envelope';
import type { JobEnd, TakenEnvelope } from '#queue/taken-envelope';
import { parseTraceparent, type SpanReference } from '#telemetry/trace-context';
import type { Attributes, Tracing } from '#telemetry/tracing';
import { factsOf, type PredictionFacts } from './prediction-facts.js';

export class SettledSpans {
  constructor(private readonly tracing: Tracing) {}

  settled(taken: TakenEnvelope, end: JobEnd): void {
    const { envelope } = taken;
    if (batchOf(envelope) !== undefined) return;
    for (let row = 0; row < envelope.rows.length; row += 1) {
      const parent = parseTraceparent(envelope.rows[row]?.trace?.traceparent);
      if (parent?.isSampled !== true) continue;
      const facts = factsOf(taken, end, row);
      if (facts !== null) this.#record(parent, envelope, facts);
    }
  }

  #record(parent: SpanReference, { model, versionLabel: version }: Envelope, facts: PredictionFacts): void {
    const { id, content, outcome, startedAtMs, predictMs, failure } = facts;
    const common = { 'millrace.prediction': id, 'millrace.model': model, 'millrace.version': version };
    const now = Date.now();
    const wait = { name: `queue ${model}`, kind: 'consumer', parent, attributes: common } as const;
    const begun = startedAtMs ?? now;
    const waited = { startMs: content.createdAtMs, endMs: begun, attributes: {}, error: null };
    // A row that moved goes on waiting, for its retry job.
    if (outcome !== 'moved') this.tracing.record(wait, waited);
    if (startedAtMs === null) return;
    const run = { name: `infer ${model}`, kind: 'internal', parent, attributes: common } as const;
    const endMs = predictMs === null ? now : startedAtMs + predictMs;
    const error = failure?.code ?? null;
    this.tracing.record(run, { startMs: startedAtMs, endMs, attributes: runAttributes(facts), error });
  }
}

function runAttributes({ outcome, batchSize, stages }: PredictionFacts): Attributes {
  return {
    'millrace.outcome': outcome,
    ...(batchSize === null ? {} : { 'millrace.micro_batch': batchSize }),
    ...(stages === null
      ? {}
      : {
          'millrace.preprocess_ms': stages.preprocessMs,
          'millrace.run_ms': stages.runMs,
          'millrace.postprocess_ms': stages.postprocessMs,
        }),
  };
}
