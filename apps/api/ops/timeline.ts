/** The story of one prediction, for whoever asks why it is where it is. */
import { toTime } from '#contract/time';
import type { Prediction } from '#domain/prediction';
import { isTerminal } from '#domain/prediction';
import { EVENT_KINDS, eventId } from '#domain/callback';
import type { Delivery } from '#domain/delivery';
import type { PredictionAddress } from '#domain/prediction-id';
import type { Deliveries } from '#queue/deliveries';
import { type JobTimes, readJobTimes } from '#queue/job-times';
import type { ModelQueues } from '#queue/model-queues';

export const STEPS = ['accepted', 'queued', 'taken', 'started', 'retried', 'ended', 'told'] as const;

export interface TimelineStep {
  /** RFC 3339; null where only its place in the order is known. */
  readonly at: string | null;
  readonly step: (typeof STEPS)[number];
  readonly detail: string;
}

export async function timelineOf(
  queues: ModelQueues,
  deliveries: Pick<Deliveries, 'read'>,
  { submission, standing }: Prediction,
  address: PredictionAddress,
): Promise<TimelineStep[]> {
  const ids = submission.callback === null ? [] : EVENT_KINDS.map((kind) => eventId(submission.id, kind));
  const [jobs, told] = await Promise.all([
    readJobTimes(queues, submission.model, address),
    Promise.all(ids.map((id) => deliveries.read(id))),
  ]);
  const steps = [
    step(submission.createdAtMs, 'accepted', acceptedBy({ submission, standing })),
    ...jobs.flatMap((job) => stepsOfJob(job, address.row)),
    ...started(standing),
    ...ended(standing),
    ...told.flatMap((delivery) => (delivery === null ? [] : stepsOfDelivery(delivery))),
  ];
  // Of two that happened in the same millisecond the one that is named first came first.
  return steps.sort((a, b) => (a.at ?? '').localeCompare(b.at ?? ''));
}

function acceptedBy({ submission }: Prediction): string {
  const { model, versionLabel, priority, client, batchId, metadata } = submission;
  const retried = metadata?.['retry_of'] === undefined ? '' : `, put back from ${metadata['retry_of']}`;
  const batch = batchId === null ? '' : `, a row of batch ${batchId}`;
  return `${model}:${versionLabel} for ${client}, priority ${priority}${batch}${retried}`;
}

function stepsOfJob({ kind, jobId, rows, addedAtMs, takenAtMs, stalls }: JobTimes, row: number): TimelineStep[] {
  if (kind === 'retry') {
    const taken = takenAtMs === null ? [] : [step(takenAtMs, 'taken', `by a worker, alone${lost(stalls)}`)];
    return [step(addedAtMs, 'retried', `alone, in retry job ${jobId}`), ...taken];
  }
  const others = rows === 1 ? 'by itself' : `row ${row} of ${rows}`;
  const taken = takenAtMs === null ? [] : [step(takenAtMs, 'taken', `by a worker${lost(stalls)}`)];
  return [step(addedAtMs, 'queued', `in envelope ${jobId}, ${others}`), ...taken];
}

function lost(stalls: number): string {
  return stalls === 0 ? '' : `, after ${stalls} that died or lost their lock`;
}

function started({ startedAtMs, attempts, batchSize }: Prediction['standing']): TimelineStep[] {
  if (startedAtMs === null) return [];
  const others = batchSize === null ? '' : batchSize === 1 ? ', alone' : `, in a micro-batch of ${batchSize}`;
  return [step(startedAtMs, 'started', `to run${others}${attempts > 1 ? `; ${attempts} attempts in all` : ''}`)];
}

function ended({ status, failure, completedAtMs, predictMs }: Prediction['standing']): TimelineStep[] {
  if (!isTerminal(status) || completedAtMs === null) return [];
  const why = failure === null ? '' : `: ${failure.code}: ${failure.message}`;
  const ran = predictMs === null ? '' : `, after a run of ${predictMs.toFixed(2)} ms`;
  return [step(completedAtMs, 'ended', `${status}${ran}${why}`)];
}

/** Its address may hold a secret: only the host is named. */
function stepsOfDelivery({ event, url, attempts, status, nextAtMs }: Delivery): TimelineStep[] {
  const { host } = new URL(url);
  const tries = attempts.map(({ atMs, status: answer, error, durationMs }) =>
    step(atMs, 'told', `${event} to ${host}: ${answer ?? error ?? 'no answer'} in ${durationMs} ms`),
  );
  if (status !== 'pending' || nextAtMs === null) return tries;
  return [...tries, step(nextAtMs, 'told', `${event} to ${host}: next try`)];
}

function step(atMs: number, name: TimelineStep['step'], detail: string): TimelineStep {
  return { at: toTime(atMs), step: name, detail };
}
