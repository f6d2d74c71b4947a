/** What the workers say they have done: the count of successes is theirs, not the load generator's. */
import type { FleetUnderTest } from './fleet-under-test.js';

export interface WorkerCounts {
  readonly succeeded: number;
  readonly envelopes: number;
  readonly rowsInEnvelopes: number;
  readonly microBatches: number;
  readonly rowsInMicroBatches: number;
}

/** How predictions travelled together; the more, the less each costs. */
export interface Grouping {
  /** Mean predictions of an envelope. */
  readonly rowsPerEnvelope: number;
  /** Mean predictions of a micro-batch. */
  readonly rowsPerMicroBatch: number;
}

const METRICS: Readonly<Record<keyof WorkerCounts, string>> = {
  succeeded: 'millrace_predictions_total',
  envelopes: 'millrace_envelope_predictions_count',
  rowsInEnvelopes: 'millrace_envelope_predictions_sum',
  microBatches: 'millrace_micro_batch_predictions_count',
  rowsInMicroBatches: 'millrace_micro_batch_predictions_sum',
};

/** Of all workers of a fleet together, since they began. */
export async function readWorkerCounts(fleet: FleetUnderTest, model: string): Promise<WorkerCounts> {
  const workers = fleet.processes().filter(({ name }) => name.startsWith('worker'));
  const texts = await Promise.all(workers.map(async ({ name }) => (await fetch(fleet.metricsUrl(name))).text()));
  const total = (metric: string): number => texts.reduce((sum, text) => sum + sumOf(text, metric, model), 0);
  return {
    succeeded: total(METRICS.succeeded),
    envelopes: total(METRICS.envelopes),
    rowsInEnvelopes: total(METRICS.rowsInEnvelopes),
    microBatches: total(METRICS.microBatches),
    rowsInMicroBatches: total(METRICS.rowsInMicroBatches),
  };
}

export function groupingBetween(before: WorkerCounts, after: WorkerCounts): Grouping {
  return {
    rowsPerEnvelope: (after.rowsInEnvelopes - before.rowsInEnvelopes) / (after.envelopes - before.envelopes),
    rowsPerMicroBatch:
      (after.rowsInMicroBatches - before.rowsInMicroBatches) / (after.microBatches - before.microBatches),
  };
}

/** Sum of a metric's series of this model; of outcomes only successes. */
function sumOf(text: string, metric: string, model: string): number {
  return [...text.matchAll(new RegExp(`^${metric}\\{([^}]*)\\} (\\S+)`, 'gm'))]
    .filter(([, labels = '']) => labels.includes(`model="${model}"`))
    .filter(([, labels = '']) => !labels.includes('outcome=') || labels.includes('outcome="succeeded"'))
    .reduce((sum, [, , value]) => sum + Number(value), 0);
}
