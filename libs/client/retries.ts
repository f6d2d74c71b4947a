/** Which calls are made again, and when: only what may pass, and only where twice does no more than once. */
import { MillraceError, MillraceUnreachableError } from './errors.js';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;
/** Who is asked to wait longer than this is told so. */
const PATIENCE_SECONDS = 60;
/** A quota or a full queue; what stands in between, and Redis, when they are away. */
const MAY_PASS: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** Our own last try is still being written down. */
const BEING_WRITTEN: ReadonlySet<string | null> = new Set(['idempotency_key_in_use', 'id_in_use']);

/** @returns the milliseconds to wait before the next try, or null where another would not help */
export function pauseBeforeRetry(error: unknown, triesSoFar: number, random = Math.random): number | null {
  const backoffMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (triesSoFar - 1)) * (0.5 + random() / 2);
  if (error instanceof MillraceUnreachableError) return backoffMs;
  if (!(error instanceof MillraceError)) return null;
  if (!MAY_PASS.has(error.status) && !BEING_WRITTEN.has(error.code)) return null;
  const asked = error.retryAfter ?? 0;
  return asked > PATIENCE_SECONDS ? null : Math.max(asked * 1_000, backoffMs);
}

/** @throws the signal's reason, as soon as it is aborted */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const go = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', go);
      resolve();
    };
    const timer = setTimeout(go, signal?.aborted === true ? 0 : ms);
    signal?.addEventListener('abort', go);
  });
  signal?.throwIfAborted();
}
