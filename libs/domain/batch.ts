/** A batch: rows that a client sent together. Times are milliseconds since the epoch. */
import type { Callback } from './callback.js';
import type { VersionId } from './model-version.js';
import { envelopeTimeMs } from './prediction-id.js';
import type { Trace } from './trace.js';

/** `validating`: its rows are still arriving. */
export type BatchStatus = 'validating' | 'in_progress' | 'completed' | 'failed' | 'canceled' | 'expired';

/** The legal next statuses; a terminal status has none, for ever. */
export const BATCH_TRANSITIONS: Readonly<Record<BatchStatus, readonly BatchStatus[]>> = {
  validating: ['in_progress', 'failed', 'canceled', 'expired'],
  in_progress: ['completed', 'canceled', 'expired'],
  completed: [],
  failed: [],
  canceled: [],
  expired: [],
};

export function hasBatchEnded(status: BatchStatus): boolean {
  return BATCH_TRANSITIONS[status].length === 0;
}

/** Fixed before the first row: whoever repeats the upload makes the same envelopes, whatever is measured or served then. */
export interface BatchPlan {
  readonly id: string;
  readonly client: string;
  readonly model: string;
  readonly versionId: VersionId;
  readonly versionLabel: string;
  readonly rowsPerEnvelope: number;
  /** Names of the version's inputs, in the order in which its envelopes have them. */
  readonly fields: readonly string[];
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly callback: Callback | null;
  readonly createdAtMs: number;
  /** What has not run by then is aborted. */
  readonly expiresAtMs: number;
  /** Absent if the client gave none and wants no events. */
  readonly trace?: Trace;
  /** Absent where its rows came with the request that made it. */
  readonly source?: BatchSource;
}

/** The file that a batch was made of, and how that was asked for. */
export interface BatchSource {
  readonly fileId: string;
  /** The route that all of its lines name. */
  readonly endpoint: string;
  /** In its sender's words: `24h`. */
  readonly completionWindow: string;
}

export interface BatchCounts {
  readonly succeeded: number;
  readonly failed: number;
  /** Rows that ended without running. */
  readonly dropped: number;
}

/**
 *     b | model (4) | time (9) | random (12)          26 characters, base 32
 *
 * An envelope's id is that of its batch without the model, and its number: so the rows of a batch have ids as all
 * predictions have, and each says which batch it belongs to.
 */
const ID = /^b([0-9a-v]{4})([0-9a-v]{21})$/;
const NUMBER_DIGITS = 4;

export function formatBatchId(modelCode: string, envelopeId: string): string {
  return `b${modelCode}${envelopeId.slice(1, -NUMBER_DIGITS)}`;
}

/** @returns the four characters that stand for the model's name, or null for a text that is not a batch's id */
export function modelCodeOfBatch(id: string): string | null {
  return ID.exec(id)?.[1] ?? null;
}

/** When the batch was made, milliseconds since the epoch. */
export function batchTimeMs(batchId: string): number {
  return envelopeTimeMs(batchEnvelopeId(batchId, 0));
}

export function batchEnvelopeId(batchId: string, n: number): string {
  return `b${batchId.slice(5)}${n.toString(32).padStart(NUMBER_DIGITS, '0')}`;
}

export interface BatchFailure {
  readonly code: string;
  readonly message: string;
}

/** Where a batch stands. Times are milliseconds since the epoch. */
export interface Batch {
  readonly plan: BatchPlan;
  readonly status: BatchStatus;
  /** Rows of the whole batch; those that have arrived, while it is `validating`. */
  readonly rows: number;
  readonly envelopes: number;
  readonly counts: BatchCounts;
  /** A worker took the first of its rows. */
  readonly startedAtMs: number | null;
  /** When it came to its terminal status; some rows may end later, where it was canceled. */
  readonly endedAtMs: number | null;
  /** Why it failed as a whole. */
  readonly failure: BatchFailure | null;
}

/** Rows that have come to any end. */
export function rowsEnded({ succeeded, failed, dropped }: BatchCounts): number {
  return succeeded + failed + dropped;
}

/**
 * How long the rest will take, if it goes on as it went until now.
 * @returns milliseconds, or null where nothing can be said
 */
export function timeLeftMs({ status, rows, counts, startedAtMs }: Batch, nowMs: number): number | null {
  if (hasBatchEnded(status)) return 0;
  const ended = rowsEnded(counts);
  if (status === 'validating' || startedAtMs === null || ended === 0) return null;
  return Math.max(0, ((rows - ended) * (nowMs - startedAtMs)) / ended);
}
