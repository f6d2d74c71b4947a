/** What the stream of a prediction says, as a function of where the prediction stands. */
import type { PredictionResource } from '#contract/prediction.dto';
import { isTerminal, type Prediction } from '#domain/prediction';
import type { ServerEvent } from './event-stream.js';

/**
 * In their order; each comes once at most. `start`, `output` and `completed` are those of webhooks, with their ids. `error`
 * and `done` are for the published clients: the first makes their reader throw, the second ends it.
 */
const KINDS = ['start', 'output', 'completed', 'error', 'done'] as const;
type Kind = (typeof KINDS)[number];

/** How many of the kinds a reader has behind it. */
export type Position = number;
export const AT_END: Position = KINDS.length;

/** @returns where a reader stands whose last event had this id; at the beginning if it is not one of this prediction's */
export function positionAfter(lastEventId: string | null, id: string): Position {
  if (lastEventId?.startsWith(`${id}-`) !== true) return 0;
  return KINDS.findIndex((kind) => lastEventId === `${id}-${kind}`) + 1;
}

/** @returns what a reader at this position has not heard yet */
export function eventsFrom(
  position: Position,
  prediction: Prediction,
  show: (prediction: Prediction) => PredictionResource,
): { readonly events: readonly ServerEvent[]; readonly position: Position } {
  const { id } = prediction.submission;
  const due = KINDS.slice(position).filter((kind) => hasHappened(prediction, kind));
  const events = due.map((kind) => ({ id: `${id}-${kind}`, event: kind, data: dataOf(kind, prediction, show) }));
  const last = due.at(-1);
  return { events, position: last === undefined ? position : KINDS.indexOf(last) + 1 };
}

function hasHappened({ standing: { status, startedAtMs } }: Prediction, kind: Kind): boolean {
  switch (kind) {
    case 'start':
      return startedAtMs !== null;
    case 'output':
      return status === 'succeeded';
    case 'error':
      return status === 'failed';
    case 'completed':
    case 'done':
      return isTerminal(status);
  }
}

function dataOf(kind: Kind, prediction: Prediction, show: (prediction: Prediction) => PredictionResource): string {
  const { standing } = prediction;
  switch (kind) {
    case 'start':
      return JSON.stringify(show(asItStarted(prediction)));
    case 'output':
      return JSON.stringify(standing.output);
    case 'completed':
      return JSON.stringify(show(prediction));
    case 'error':
      return standing.failure?.message ?? '';
    case 'done':
      return JSON.stringify(reasonOf(prediction));
  }
}

/** Who comes late hears of the start all the same, without the output that comes next. */
function asItStarted({ submission, standing }: Prediction): Prediction {
  const { startedAtMs, attempts } = standing;
  const none = { output: null, failure: null, completedAtMs: null, predictMs: null, batchSize: null };
  return { submission, standing: { ...none, startedAtMs, attempts, status: 'processing' } };
}

function reasonOf({ standing: { status } }: Prediction): { readonly reason?: 'error' | 'canceled' } {
  if (status === 'failed') return { reason: 'error' };
  return status === 'succeeded' ? {} : { reason: 'canceled' };
}
