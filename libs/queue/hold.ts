import { type ErrorListener, isFull, isUnavailable } from './connection.js';

/** Pause between tries. */
const HOLD_MS = 1_000;

/**
 * Writes what a worker has in hand, as often as it takes: a Redis that is full or away is no attempt of a prediction, so
 * the work that was done is kept until there is room.
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
