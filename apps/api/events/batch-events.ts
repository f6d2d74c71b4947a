/** What the stream of a batch says, as a function of where the batch stands. */
import type { BatchResource } from '#contract/batch.dto';
import { type Batch, hasBatchEnded, rowsEnded } from '#domain/batch';
import type { ServerEvent } from './event-stream.js';

const ENDS = ['completed', 'done'] as const;

/** @returns what a reader whose last event this was has not heard yet; null where it has heard the end */
export function batchEventsAfter(
  lastEventId: string | null,
  batch: Batch,
  show: (batch: Batch) => BatchResource,
): readonly ServerEvent[] | null {
  const { id } = batch.plan;
  if (lastEventId === `${id}-done`) return null;
  if (hasBatchEnded(batch.status)) {
    const heard = ENDS.findIndex((event) => lastEventId === `${id}-${event}`) + 1;
    const data = { completed: show(batch), done: reasonOf(batch) };
    return ENDS.slice(heard).map((event) => ({ id: `${id}-${event}`, event, data: JSON.stringify(data[event]) }));
  }
  const progress = `${id}-${placeOf(batch)}`;
  // An end that was heard stays; what is read here may be a moment older.
  if (lastEventId === progress || lastEventId === `${id}-completed`) return [];
  return [{ id: progress, event: 'progress', data: JSON.stringify(show(batch)) }];
}

/** The same until something has changed that a reader would see. */
function placeOf({ status, rows, counts }: Batch): string {
  return `${status}-${rows}-${rowsEnded(counts)}`;
}

function reasonOf({ status }: Batch): { readonly reason?: 'error' | 'canceled' } {
  if (status === 'failed') return { reason: 'error' };
  return status === 'completed' ? {} : { reason: 'canceled' };
}
