/**
 * How the janitor gets through what is due, however much that is. It goes in small steps, since Redis does one thing at a
 * time and others wait; and it ends, since what becomes due meanwhile is the next sweep's.
 */
import { type ErrorListener, isFull, isUnavailable } from './connection.js';

/** Commands that are sent together. */
export const AT_ONCE = 100;

/**
 * @param due how many there were when the sweep began
 * @param step handles the next of them, at most so many, and returns how many it handled; 0 means that nothing is left
 */
export async function drain(due: number, atOnce: number, step: (most: number) => Promise<number>): Promise<void> {
  for (let left = due; left > 0;) {
    const done = await step(Math.min(left, atOnce));
    if (done === 0) return;
    left -= done;
  }
}

export async function inGroups<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < items.length; i += AT_ONCE) await Promise.all(items.slice(i, i + AT_ONCE).map(work));
}

/** @returns what came of it, or null where this one is broken: that is reported, and does not stop the others */
export async function unlessBroken<T>(work: Promise<T>, onError: ErrorListener): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (isFull(error) || isUnavailable(error)) throw error;
    onError(error as Error);
    return null;
  }
}

/** What Redis refuses for lack of memory is the next sweep's: that is reported, and keeps nobody from what frees some. */
export async function unlessFull(work: Promise<void>, onError: ErrorListener): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isFull(error)) throw error;
    onError(error as Error);
  }
}
