/** Batches in a corner of Redis, with a test that plays their senders and workers. */
import { onTestFinished } from 'vitest';
import { rowCount } from '#contract/envelope';
import { type BatchPlan, formatBatchId } from '#domain/batch';
import { newEnvelopeId } from '#domain/prediction-id';
import type { BatchRow } from '#queue/batch-envelopes';
import { BatchReader } from '#queue/batch-reader';
import type { BatchUpload, Sender, UploadOptions } from '#queue/batch-upload';
import { BatchWriter } from '#queue/batch-writer';
import { modelCode } from '#queue/catalogue';
import type { EnvelopeIntake } from '#queue/envelope-intake';
import { MODEL, type PlayedIntake, type QueueCorner, succeeded } from './queue-corner.js';

type Process = ConstructorParameters<typeof EnvelopeIntake>[2]['process'];

/** Two rows an envelope, and an hour to run. */
export function planOf(change: Partial<BatchPlan> = {}): BatchPlan {
  const now = Date.now();
  return {
    id: formatBatchId(modelCode(MODEL), newEnvelopeId('b', now)),
    client: 'local',
    model: MODEL,
    versionId: 'a'.repeat(64),
    versionLabel: '1.0.0',
    rowsPerEnvelope: 2,
    fields: ['n'],
    metadata: null,
    callback: null,
    createdAtMs: now,
    expiresAtMs: now + 3_600_000,
    ...change,
  };
}

export function batchRows(count: number): BatchRow[] {
  return Array.from({ length: count }, (_, n) => ({ input: `[${n}]`, customId: null, problems: null }));
}

export function readerOf(corner: QueueCorner): BatchReader {
  return new BatchReader(corner.queues, corner.reader, 3_600);
}

export function writerOf(corner: QueueCorner, change: Partial<UploadOptions> = {}): BatchWriter {
  return new BatchWriter(corner.queues, { takeRoom: () => ({ kind: 'room' }), roomPatienceMs: 60_000, ...change });
}

/** The upload of a sender with a key, who is there. */
export async function uploadOf(
  writer: BatchWriter,
  plan: BatchPlan,
  change: Partial<Sender> = {},
): Promise<BatchUpload> {
  const upload = await writer.open(plan, { isRepeatable: true, isGone: () => false, ...change });
  onTestFinished(() => upload.release());
  return upload;
}

export const runsWell: Process = async ({ envelope }) => ({
  kind: 'outcomes',
  outcomes: Array.from({ length: rowCount(envelope) }, (_, n) => succeeded(n)),
});

/** A worker that takes the parts of batches. */
export function bulkIntake(corner: QueueCorner, process: Process = runsWell): PlayedIntake {
  return corner.intake(process, { queueName: corner.catalogue.queue(MODEL, 'b'), removesByAge: false });
}
