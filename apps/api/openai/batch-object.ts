/** A batch as OpenAI shows one. Times are seconds since the epoch, as there. */
import { type Batch, type BatchSource, hasBatchEnded, rowsEnded } from '#domain/batch';
import type { RefusedBatch } from '#queue/file-batches';
import { resultFileId } from './result-files.js';

/** All fields are there; what does not apply is null. */
export interface BatchObject {
  readonly id: string;
  readonly object: 'batch';
  readonly endpoint: string;
  readonly model: string | null;
  readonly errors: { readonly object: 'list'; readonly data: readonly object[] } | null;
  readonly input_file_id: string;
  readonly completion_window: string;
  readonly status: string;
  readonly output_file_id: string | null;
  readonly error_file_id: string | null;
  readonly created_at: number;
  readonly in_progress_at: number | null;
  readonly expires_at: number | null;
  readonly finalizing_at: number | null;
  readonly completed_at: number | null;
  readonly failed_at: number | null;
  readonly expired_at: number | null;
  readonly cancelling_at: number | null;
  readonly cancelled_at: number | null;
  readonly request_counts: { readonly total: number; readonly completed: number; readonly failed: number };
  readonly metadata: Readonly<Record<string, string>> | null;
}

const PREFIX = 'batch_';

export function objectId(id: string): string {
  return `${PREFIX}${id}`;
}

/** @returns the id by which Millrace knows it, or null for a text that is no such id */
export function idOfObject(objectId: string): string | null {
  return objectId.startsWith(PREFIX) ? objectId.slice(PREFIX.length) : null;
}

const NO_TIMES = {
  in_progress_at: null,
  expires_at: null,
  finalizing_at: null,
  completed_at: null,
  failed_at: null,
  expired_at: null,
  cancelling_at: null,
  cancelled_at: null,
};

/** @param model with its owner */
export function toBatchObject(batch: Batch, source: BatchSource, model: string): BatchObject {
  const { plan, rows, counts, failure } = batch;
  const failed = counts.failed + counts.dropped;
  const isOver = haveRowsEnded(batch);
  return {
    ...basics(plan.id, source),
    model,
    errors: failure === null ? null : listOf([{ ...failure, line: null, param: null }]),
    status: statusOf(batch),
    output_file_id: isOver && counts.succeeded > 0 ? resultFileId(plan.id, 'output') : null,
    error_file_id: isOver && failed > 0 ? resultFileId(plan.id, 'errors') : null,
    created_at: toSeconds(plan.createdAtMs),
    ...NO_TIMES,
    ...timesOf(batch),
    request_counts: { total: rows, completed: counts.succeeded, failed },
    metadata: plan.metadata,
  };
}

export function toRefusedObject({ id, source, metadata, createdAtMs, problems }: RefusedBatch): BatchObject {
  const at = toSeconds(createdAtMs);
  return {
    ...basics(id, source),
    model: null,
    errors: listOf(problems),
    status: 'failed',
    output_file_id: null,
    error_file_id: null,
    created_at: at,
    ...NO_TIMES,
    failed_at: at,
    request_counts: { total: 0, completed: 0, failed: 0 },
    metadata,
  };
}

/** Its status may say so before the last of its rows has ended, where it was canceled or its time was over. */
export function haveRowsEnded({ status, rows, counts }: Batch): boolean {
  return hasBatchEnded(status) && rowsEnded(counts) >= rows;
}

function basics(
  id: string,
  { endpoint, fileId, completionWindow }: BatchSource,
): Pick<BatchObject, 'id' | 'object' | 'endpoint' | 'input_file_id' | 'completion_window'> {
  return {
    id: objectId(id),
    object: 'batch',
    endpoint,
    input_file_id: fileId,
    completion_window: completionWindow,
  };
}

function statusOf(batch: Batch): string {
  if (batch.status !== 'canceled') return batch.status;
  return haveRowsEnded(batch) ? 'cancelled' : 'cancelling';
}

function timesOf(batch: Batch): Partial<BatchObject> {
  const { plan, status, startedAtMs, endedAtMs } = batch;
  const ended = endedAtMs === null ? null : toSeconds(endedAtMs);
  return {
    in_progress_at: startedAtMs === null ? null : toSeconds(startedAtMs),
    expires_at: toSeconds(plan.expiresAtMs),
    ...(status === 'completed' ? { finalizing_at: ended, completed_at: ended } : {}),
    ...(status === 'failed' ? { failed_at: ended } : {}),
    ...(status === 'expired' ? { expired_at: ended } : {}),
    ...(status === 'canceled' ? { cancelling_at: ended, cancelled_at: haveRowsEnded(batch) ? ended : null } : {}),
  };
}

function listOf(data: readonly object[]): BatchObject['errors'] {
  return { object: 'list', data };
}

function toSeconds(ms: number): number {
  return Math.floor(ms / 1_000);
}
