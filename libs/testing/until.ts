import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 20;

export interface Patience {
  readonly deadlineMs: number;
  /** What is waited for, as the rest of the sentence "gave up waiting for ...". */
  readonly what: string;
}

/**
 * Looks until `condition` yields something, for what has no event to wait for.
 * @returns what it yielded
 * @throws Error that says what did not come, and what was seen last
 */
export async function until<T>(
  condition: () => T | false | null | undefined | Promise<T | false | null | undefined>,
  { deadlineMs, what }: Patience,
): Promise<T> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const found = await condition();
    if (found !== false && found !== null && found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`gave up waiting for ${what} after ${deadlineMs} ms`);
    await pause(LOOK_EVERY_MS);
  }
}

/** The same deadline for what does have an event. */
export async function within<T>(event: Promise<T>, { deadlineMs, what }: Patience): Promise<T> {
  const timer = new AbortController();
  const tooLate = pause(deadlineMs, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`gave up waiting for ${what} after ${deadlineMs} ms`);
  });
  try {
    return await Promise.race([event, tooLate]);
  } finally {
    timer.abort();
    tooLate.catch(() => undefined);
  }
}
