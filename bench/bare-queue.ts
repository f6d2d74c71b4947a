/** Questions for the children that measure BullMQ alone: no HTTP, no model, one job a prediction. */

export type BareQuestion =
  /** Be a worker that does nothing, for both queues. */
  | { readonly kind: 'work'; readonly redisUrl: string; readonly prefix: string }
  /** Say when so many jobs of a flood have been completed, those of the flood before not among them. */
  | { readonly kind: 'completed'; readonly redisUrl: string; readonly prefix: string; readonly jobs: number }
  /** Add so many jobs in `addBulk` of 100, one after the other. */
  | {
      readonly kind: 'flood';
      readonly redisUrl: string;
      readonly prefix: string;
      readonly jobs: number;
      readonly inputs: readonly unknown[];
    }
  /** Add one job, await `waitUntilFinished`, and so on. */
  | {
      readonly kind: 'round-trips';
      readonly redisUrl: string;
      readonly prefix: string;
      readonly jobs: number;
      readonly inputs: readonly unknown[];
    }
  /** Forget the jobs of the flood. */
  | { readonly kind: 'clean'; readonly redisUrl: string; readonly prefix: string };

export interface BareAnswer {
  /** Milliseconds since the epoch at which the first job was added. */
  readonly firstAddedAtMs: number;
  /** The same of the last completed one, where it was asked for. */
  readonly lastCompletedAtMs?: number;
  /** Milliseconds of each round trip, empty for other questions. */
  readonly roundTripsMs: readonly number[];
}

export const FLOOD_QUEUE = 'flood';
/** A queue of its own: its `QueueEvents` reader must not slow the flood down. */
export const WAIT_QUEUE = 'wait';
export const BULK_SIZE = 100;
export const CONCURRENCY = 50;
