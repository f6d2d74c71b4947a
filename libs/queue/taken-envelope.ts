/** A job in a worker's hands, and what becomes of it. */
import type { Envelope } from '#contract/envelope';
import type { Stages } from '#contract/executor-protocol';
import type { Mark } from '#domain/mark';
import type { NewOutcome } from '#domain/outcome';

export interface TakenEnvelope {
  readonly jobId: string;
  /** Its key in Redis. */
  readonly jobKey: string;
  readonly envelope: Envelope;
  /** Marks that were set before it was taken. */
  readonly marks: ReadonlyMap<number, Mark>;
  /** How often a worker died, or lost its lock, while it held this job. */
  readonly stalls: number;
  /** The number of this try, from 1: workers that were lost count, and failures that pass; what was handed back does not. */
  readonly attempt: number;
  /** Somebody has begun it before. */
  readonly retaken: boolean;
}

/** What the processor makes of a job. */
export type Settled =
  | {
      readonly kind: 'outcomes';
      readonly outcomes: readonly NewOutcome[];
      /** By row, of those that ran to their end; rows of a batch have none. */
      readonly stages?: readonly (Stages | undefined)[];
    }
  /** The one prediction of a retry job has failed for good: the job itself fails, and an operator sees it; with when its last run began. */
  | { readonly kind: 'failed'; readonly reason: string; readonly startedAtMs?: number | null }
  /** Interrupted by us: it goes back to the queue for another worker. */
  | { readonly kind: 'handed_back' }
  /** It failed for a reason that may pass: it comes again after a pause that grows. The reason is for the board. */
  | { readonly kind: 'again'; readonly reason: string }
  /** This worker cannot serve its version: another one may, a moment later. */
  | { readonly kind: 'postponed' };

/** What a job has ended with. */
export type JobEnd = Extract<Settled, { kind: 'outcomes' | 'failed' }>;
