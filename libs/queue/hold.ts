import { type ErrorListener, isFull, isUnavailable } from './connection.js';

/** Pause between tries. */
const HOLD_MS = 1_000;

/**
 * Writes what a worker has in hand, as often as it takes: a Redis that is full or away is no attempt of a prediction.
 * The work is kept until there is room, or until the lock, which a full Redis cannot renew either, has run out; then the
 * job is taken again, and what was held here counts for nothing.
 */
export async function hold(write: () => Promise<unknown>, onError: ErrorListener): Promise<void> {
  for (;;) {
    try {
      await write();
      return;
    } catch (error) {
      if (!isFull(error) && !isUnavailable(error)) throw error;
      onError(error as Error);
      await new Promise((resolve) => setTimeout(resolve, HOLD_MS));
    }
  }
}
