/** One webhook message on its way to one endpoint, and when it is tried again. Times are milliseconds. */
import type { EventKind } from './callback.js';

/** `pending`: owed, with a next try. `failed`: a dead letter, which its client can have sent again. */
export type DeliveryStatus = 'pending' | 'delivered' | 'failed';

export interface DeliveryAttempt {
  readonly atMs: number;
  /** HTTP status of the answer, or null where there was none. */
  readonly status: number | null;
  /** Why there was no answer, as a word; null where there was one. */
  readonly error: string | null;
  readonly durationMs: number;
}

export interface Delivery {
  /** The event's id, which is the message's `webhook-id` at every try. */
  readonly id: string;
  readonly client: string;
  readonly url: string;
  readonly event: EventKind;
  /** The prediction or batch that it is about. */
  readonly subjectId: string;
  readonly status: DeliveryStatus;
  readonly createdAtMs: number;
  /** Null where it is not tried again. */
  readonly nextAtMs: number | null;
  readonly attempts: readonly DeliveryAttempt[];
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Pauses after the first try, the second, and so on; ten tries in 75 hours, as Standard Webhooks 1.0 suggests. */
const PAUSES_MS = [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
/** A receiver that asks for more patience than this is asked at the schedule's pace. */
const LONGEST_RETRY_AFTER_MS = HOUR;
/** Deliveries that failed together are not tried together again. */
const JITTER = 0.1;

export const MOST_TRIES = PAUSES_MS.length + 1;

/**
 * @param tries that have been made
 * @param retryAfterMs what the receiver asked for, or null
 * @param random from 0 to 1
 * @returns milliseconds until the next try, or null after the last one
 */
export function pauseBeforeRetry(tries: number, retryAfterMs: number | null, random: number): number | null {
  const pause = PAUSES_MS[tries - 1];
  if (pause === undefined) return null;
  const asked = Math.min(retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
  return Math.round(Math.max(pause, asked) * (1 + JITTER * random));
}

export type AttemptVerdict = 'delivered' | 'retry' | 'gone';

/** 2xx is success; 410 says that the endpoint is gone for good; everything else, redirects too, is failure. */
export function judgeAttempt({ status }: Pick<DeliveryAttempt, 'status'>): AttemptVerdict {
  if (status !== null && status >= 200 && status < 300) return 'delivered';
  return status === 410 ? 'gone' : 'retry';
}
