/**
 * A fleet that does not answer, or is not ready, is asked again; a key that somebody holds is waited for.
 *
 * What counts is the time that is lost since the work last came further, not how long the work takes: a file may be sent
 * for hours, and a break in the last one is mended like a break in the first minute.
 */
import { MillraceError, MillraceUnreachableError } from '#client/millrace-client';

/** A fleet that is restarted is back by then. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 1_000;

/** Says how far the work has come, in a measure of its own that grows. */
export type Moved = (position: number) => void;

export interface Waiting {
  /** It will be asked again after this. */
  (error: unknown, afterMs: number): void;
}

/** @param onWait hears of every pause */
export async function patiently<T>(work: (moved: Moved) => Promise<T>, onWait: Waiting = () => undefined): Promise<T> {
  const lost = new LostTime();
  for (;;) {
    lost.begin();
    try {
      return await work(lost.moved);
    } catch (error) {
      lost.failed();
      if (!mayPass(error) || lost.totalMs > PATIENCE_MS) throw error;
      const asked = error instanceof MillraceError ? error.retryAfter : null;
      const afterMs = asked === null ? PAUSE_MS : asked * 1_000;
      onWait(error, afterMs);
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      // A fleet that says when to retry is not away.
      if (!isAskedToWait(error)) lost.totalMs += afterMs;
    }
  }
}

/**
 * Time of pauses, and of attempts in which nothing moved. What moved is not lost, but only what has never been so far gives
 * new patience: work that breaks at the same place for ever is not tried for ever.
 */
class LostTime {
  totalMs = 0;
  #furthest = 0;
  #beganMs = 0;
  #hasMoved = false;

  begin(): void {
    this.#beganMs = Date.now();
    this.#hasMoved = false;
  }

  readonly moved = (position: number): void => {
    this.#hasMoved = true;
    if (position <= this.#furthest) return;
    this.#furthest = position;
    this.totalMs = 0;
  };

  failed(): void {
    if (!this.#hasMoved) this.totalMs += Date.now() - this.#beganMs;
  }
}

function isAskedToWait(error: unknown): boolean {
  return error instanceof MillraceError && error.status === 429;
}

const MAY_PASS: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);

function mayPass(error: unknown): boolean {
  if (error instanceof MillraceError) {
    return MAY_PASS.has(error.status) || error.problem.code === 'idempotency_key_in_use';
  }
  return error instanceof MillraceUnreachableError || isBroken(error);
}

/** A body that broke off in its middle, as `fetch` says it. */
export function isBroken(error: unknown): boolean {
  return error instanceof TypeError && error.message === 'terminated';
}

const STAYS_WRONG: ReadonlySet<number> = new Set([400, 404, 413, 415, 422]);

/** The same rows would be refused again. Anything else may pass: a key that has been replaced, a queue that is full. */
export function staysWrong(error: unknown): boolean {
  return error instanceof MillraceError && STAYS_WRONG.has(error.status);
}
