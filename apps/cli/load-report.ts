/** What a load measured, in figures and in words. */
import { renderTable } from './table.js';
import type { LatencyHistogram } from './latency-histogram.js';

export interface Measured {
  /** Length of the load. */
  readonly seconds: number;
  /** Of the predictions that were accepted. */
  readonly latencies: LatencyHistogram;
  /** Answers by HTTP status. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Connections that broke, and answers that did not come in time. */
  readonly unanswered: number;
}

export interface LoadFigures {
  readonly accepted: number;
  readonly accepted_per_second: number;
  /** Over the load and the time until the last one had its answer; null where that is not known. */
  readonly predictions_per_second: number | null;
  /** Seconds from the end of the load to the last answer; null where nobody came to say it. */
  readonly drained_after: number | null;
  /** Milliseconds from request to response. */
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly unanswered: number;
}

/** @param drainedMs null where nobody knows when the last one had its answer */
export function report(measured: Measured, drainedMs: number | null): { values: LoadFigures; text: string } {
  const { seconds, latencies, statuses, unanswered } = measured;
  const at = (share: number): number => Number(latencies.percentile(share).toFixed(2));
  const values: LoadFigures = {
    accepted: latencies.count,
    accepted_per_second: Math.round(latencies.count / seconds),
    predictions_per_second: drainedMs === null ? null : Math.round(latencies.count / (seconds + drainedMs / 1_000)),
    drained_after: drainedMs === null ? null : Number((drainedMs / 1_000).toFixed(2)),
    p50_ms: at(0.5),
    p95_ms: at(0.95),
    p99_ms: at(0.99),
    statuses: Object.fromEntries([...statuses].sort(([a], [b]) => a - b)),
    unanswered,
  };
  return { values, text: inWords(values) };
}

function inWords(values: LoadFigures): string {
  const header = ['predictions/s', 'accepted/s', 'p50', 'p95', 'p99', 'last answer after'];
  const row = [
    String(values.predictions_per_second ?? 'unknown'),
    String(values.accepted_per_second),
    `${values.p50_ms} ms`,
    `${values.p95_ms} ms`,
    `${values.p99_ms} ms`,
    values.drained_after === null ? 'unknown' : `${values.drained_after} s`,
  ];
  const statuses = Object.entries(values.statuses).map(([status, count]) => [status, String(count)]);
  if (values.unanswered > 0) statuses.push(['no answer', String(values.unanswered)]);
  return `${renderTable(header, [row])}\n\n${renderTable(['status', 'requests'], statuses)}`;
}
