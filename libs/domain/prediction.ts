import type { Callback } from './callback.js';
import type { Failure } from './failure.js';
import type { Input, Output, VersionId } from './model-version.js';
import type { Trace } from './trace.js';

export type Status = 'starting' | 'processing' | TerminalStatus;
export type TerminalStatus = 'succeeded' | 'failed' | 'canceled' | 'aborted';

/** The legal next statuses; a terminal status has none, for ever. */
export const TRANSITIONS: Readonly<Record<Status, readonly Status[]>> = {
  starting: ['processing', 'succeeded', 'failed', 'canceled', 'aborted'],
  processing: ['succeeded', 'failed', 'canceled'],
  succeeded: [],
  failed: [],
  canceled: [],
  aborted: [],
};

export function isTerminal(status: Status): status is TerminalStatus {
  return TRANSITIONS[status].length === 0;
}

/** `low` runs beside the rows of batches: it takes no interactive prediction's turn, and waits for none. */
export const PRIORITIES = ['normal', 'low'] as const;
export type Priority = (typeof PRIORITIES)[number];

/** What is fixed when a prediction is accepted. */
export interface Submission {
  readonly id: string;
  /** The id that its client gave it, and knows it by; null where Millrace's own is the one. */
  readonly ownId: string | null;
  /** The client that owns it; nobody else may see it. */
  readonly client: string;
  /** The model's bare name. */
  readonly model: string;
  readonly versionId: VersionId;
  readonly versionLabel: string;
  readonly input: Input;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly createdAtMs: number;
  readonly priority: Priority;
  /** Not started by then, it is aborted; running past it, it is stopped. Milliseconds since the epoch. */
  readonly deadlineAtMs: number | null;
  readonly callback: Callback | null;
  /** The batch that it is a row of, or null. */
  readonly batchId: string | null;
  /** Null if the client gave none and wants no events. */
  readonly trace: Trace | null;
}

/**
 * Where a prediction stands, as `project` computes it; times are milliseconds since the epoch.
 * @typeParam Out see `Outcome`
 */
export interface Standing<Out = Output> {
  readonly status: Status;
  readonly output: Out | null;
  readonly failure: Failure | null;
  readonly startedAtMs: number | null;
  /** Tries of it that have begun; it never goes down. */
  readonly attempts: number;
  readonly completedAtMs: number | null;
  readonly predictMs: number | null;
  readonly batchSize: number | null;
}

/** Of one that has just been accepted. */
export const NOT_STARTED: Standing<never> = {
  status: 'starting',
  output: null,
  failure: null,
  startedAtMs: null,
  attempts: 0,
  completedAtMs: null,
  predictMs: null,
  batchSize: null,
};

/** @typeParam Out see `Outcome` */
export interface Prediction<Out = Output> {
  readonly submission: Submission;
  readonly standing: Standing<Out>;
}
