/**
 * The one function that says where a prediction stands.
 *
 * Everybody who shows a prediction (GET, a waiting caller, the answer to a cancel) comes through here; nobody reads an
 * outcome past it. That is why a terminal status never changes: each of its inputs is written once, and the order in
 * which they count is decided in this file alone.
 *
 * 1. A mark was set before the job ended, so it wins over any outcome.
 * 2. Until the envelope has ended, nothing in it is terminal, whatever a retry job already knows.
 * 3. When it has ended, its outcome is the truth; `moved` hands the question to the retry job.
 */
import { parseFailure, type Failure } from './failure.js';
import type { Mark } from './mark.js';
import type { Output } from './model-version.js';
import type { Outcome, RunFacts } from './outcome.js';
import type { Standing } from './prediction.js';

/**
 * What Redis knows of one row in one job: its envelope, or its retry job.
 * @typeParam Out see `Outcome`
 */
export interface JobRow<Out = Output> {
  /** First `run()` that was reported for this row, or null. */
  readonly startedAtMs: number | null;
  /** When the job ended, or null while it has not. */
  readonly endedAtMs: number | null;
  /** Set where the job itself failed for good, instead of outcomes. */
  readonly failedReason: string | null;
  readonly mark: Mark | null;
  readonly outcome: Outcome<Out> | null;
  /** Attempts that are known to have begun; of a retry job, together with those before it. */
  readonly attempts: number;
  /** Workers that died, or lost their lock, while they held the job. */
  readonly stalls: number;
  /** See `Submission`. */
  readonly deadlineAtMs: number | null;
}

/** The record of a prediction that has ended is gone: its time is over. */
export const GONE = 'gone';

/**
 * @param envelope what the envelope's job knows of the row
 * @param retry what the row's retry job knows, or null where there is none
 * @returns where the prediction stands, or `GONE` when it ended and its outcome is no longer kept
 */
export function project<Out = Output>(envelope: JobRow<Out>, retry: JobRow<Out> | null): Standing<Out> | typeof GONE {
  const startedAtMs = earliest(envelope.startedAtMs, runOf(envelope.outcome)?.startedAtMs ?? null);
  const { attempts } = envelope;
  // Not the outcome's start: a row that runs on after its mark must not change what was answered.
  if (envelope.mark !== null) return marked(envelope.mark, { startedAtMs: envelope.startedAtMs, attempts });
  if (envelope.endedAtMs === null) return underway({ startedAtMs, attempts });
  if (envelope.failedReason !== null)
    return failed(parseFailure(envelope.failedReason), envelope.endedAtMs, { startedAtMs, attempts });
  if (envelope.outcome === null) return GONE;
  switch (envelope.outcome.kind) {
    case 'succeeded':
    case 'failed':
      return ended(envelope.outcome, envelope.endedAtMs, { startedAtMs, attempts: attemptsOfSettled(envelope) });
    case 'moved':
      return retry === null ? GONE : projectRetry(retry, { startedAtMs, attempts });
    case 'dropped':
      return dropped(envelope, { startedAtMs, attempts });
  }
}

/**
 * @param marks how many rows of the job have one
 * @returns whether the third rule decides for every row of a job, so that an outcome which is a success is the answer: who
 *   writes out the rows of a large job asks once, and projects only the others
 */
export function outcomesStand(
  { endedAtMs, failedReason }: Pick<JobRow, 'endedAtMs' | 'failedReason'>,
  marks: number,
): boolean {
  return endedAtMs !== null && failedReason === null && marks === 0;
}

/**
 * Dropped without a mark means that its turn came too late. A row that had begun before, in an attempt that failed, was
 * `processing`: it is canceled. A job that had a mark which cannot be read any more has lost its record.
 */
function dropped({ outcome, deadlineAtMs }: JobRow<unknown>, runs: Runs): Standing<never> | typeof GONE {
  if (outcome?.kind === 'dropped' && outcome.mark !== undefined) return marked(outcome.mark, runs);
  if (deadlineAtMs === null) return GONE;
  return marked({ kind: runs.startedAtMs === null ? 'aborted' : 'canceled', atMs: deadlineAtMs }, runs);
}

/** A row that has run in its envelope stays `processing` while it waits in its retry job. */
function projectRetry<Out>(retry: JobRow<Out>, before: Runs): Standing<Out> | typeof GONE {
  const attempts = Math.max(before.attempts, retry.attempts);
  const reported = earliest(before.startedAtMs, retry.startedAtMs);
  if (retry.mark !== null) return marked(retry.mark, { startedAtMs: reported, attempts });
  const runs = { startedAtMs: earliest(reported, runOf(retry.outcome)?.startedAtMs ?? null), attempts };
  if (retry.endedAtMs === null) return underway(runs);
  if (retry.failedReason !== null) return failed(parseFailure(retry.failedReason), retry.endedAtMs, runs);
  if (retry.outcome?.kind === 'succeeded' || retry.outcome?.kind === 'failed') {
    return ended(retry.outcome, retry.endedAtMs, runs);
  }
  if (retry.outcome?.kind === 'dropped') return dropped(retry, runs);
  return GONE;
}

/**
 * The attempt that settled it is one more than the workers that did not. It is counted at the end, since the start of an
 * attempt is written only for a job that runs a moment longer; a row that never ran has none.
 */
function attemptsOfSettled({ attempts, stalls, outcome }: JobRow<unknown>): number {
  return runOf(outcome) === null ? attempts : Math.max(attempts, stalls + 1);
}

function runOf(outcome: Outcome<unknown> | null): RunFacts | null {
  return outcome === null || outcome.kind === 'dropped' ? null : outcome.run;
}

function earliest(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.min(a, b);
}

/** What is known of a prediction's runs, however it stands. */
type Runs = Pick<Standing, 'startedAtMs' | 'attempts'>;

function underway(runs: Runs): Standing<never> {
  return { ...NOTHING, ...runs, status: runs.startedAtMs === null ? 'starting' : 'processing' };
}

function marked(mark: Mark, runs: Runs): Standing<never> {
  return { ...NOTHING, ...runs, status: mark.kind, completedAtMs: mark.atMs };
}

function failed(failure: Failure, completedAtMs: number, runs: Runs): Standing<never> {
  return { ...NOTHING, ...runs, status: 'failed', failure, completedAtMs };
}

function ended<Out>(
  outcome: Extract<Outcome<Out>, { kind: 'succeeded' | 'failed' }>,
  completedAtMs: number,
  { startedAtMs, attempts }: Runs,
): Standing<Out> {
  return {
    status: outcome.kind,
    output: outcome.kind === 'succeeded' ? outcome.output : null,
    failure: outcome.kind === 'failed' ? outcome.failure : null,
    startedAtMs,
    attempts,
    completedAtMs,
    predictMs: outcome.run?.predictMs ?? null,
    batchSize: outcome.run?.batchSize ?? null,
  };
}

const NOTHING = {
  output: null,
  failure: null,
  completedAtMs: null,
  predictMs: null,
  batchSize: null,
} as const;
