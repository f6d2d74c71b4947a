import { batchOf, type Envelope } from '#contract/envelope';
import { readBatchMark } from '#queue/batch-mark';
import type { ModelQueues } from '#queue/model-queues';
import type { HeldJob } from './in-hand.js';

/** Marks every row of a job whose batch was canceled, or has expired, before this worker held it. */
export async function markAsItsBatch(
  { redis, catalogue }: ModelQueues,
  envelope: Envelope,
  held: HeldJob,
): Promise<void> {
  const batch = batchOf(envelope);
  if (batch === undefined) return;
  const mark = await readBatchMark(redis, catalogue, envelope.model, batch.id);
  if (mark !== null) held.markAll(mark);
}
