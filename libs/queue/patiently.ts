import { isFull, isUnavailable, QueueFullError, withinBudget } from './connection.js';
import type { ModelQueues } from './model-queues.js';

/** Long enough for a restart of Redis; a sender waits no longer. */
const PATIENCE_MS = 30_000;
const RETRY_MS = 500;

/** @throws QueueUnavailableError, QueueFullError when it did not succeed for so long that the sender has to come again */
export async function patiently<T>({ redis }: ModelQueues, work: () => Promise<T>): Promise<T> {
  const untilMs = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await withinBudget(redis, work);
    } catch (error) {
      const mayPass = isUnavailable(error) || error instanceof QueueFullError || isFull(error);
      if (!mayPass || Date.now() > untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
