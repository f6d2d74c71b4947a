import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { MillraceError, MillraceUnreachableError } from '#client/millrace-client';
import { type Moved, patiently, staysWrong } from './patience.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const away = new MillraceUnreachableError('http://fleet');
const refusal = (status: number, retryAfter: number | null = null, code = 'x'): MillraceError =>
  new MillraceError({ title: 'no', status, code }, retryAfter);

interface Tried {
  readonly tries: number;
  readonly tookMs: number;
  readonly result: unknown;
}

/** Lets the work try until it has a result, and says how long that took on the clock. */
async function outcome(work: (moved: Moved, attempt: number) => Promise<unknown>): Promise<Tried> {
  const began = Date.now();
  let tries = 0;
  const ended = patiently((moved) => work(moved, (tries += 1))).catch((error: unknown) => error);
  const over = new AbortController();
  void ended.then(() => over.abort());
  while (!over.signal.aborted) await vi.advanceTimersByTimeAsync(1_000);
  return { tries, tookMs: Date.now() - began, result: await ended };
}

const takes = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

it('asks again for a minute, and no longer', async () => {
  const { tookMs, result } = await outcome(() => Promise.reject(away));
  expect(result).toBe(away);
  expect(tookMs).toBeGreaterThanOrEqual(60_000);
  expect(tookMs).toBeLessThan(65_000);
});

it('counts from where the work last came further, not from its begin', async () => {
  const { result } = await outcome(async (moved, attempt) => {
    moved(attempt * 100);
    await takes(3_600_000);
    if (attempt < 4) throw away;
    return 'all of it';
  });
  expect(result).toBe('all of it');
});

it('takes sending again what was sent for no loss of time, and no progress either', async () => {
  const { result, tries } = await outcome(async (moved) => {
    await takes(100_000);
    moved(500);
    throw away;
  });
  expect(result).toBe(away);
  expect(tries).toBeGreaterThan(30);
  expect(tries).toBeLessThan(70);
});

it('waits as long as a full queue asks, however often', async () => {
  const { result, tookMs } = await outcome((_, attempt) =>
    attempt <= 10 ? Promise.reject(refusal(429, 30)) : Promise.resolve('in'),
  );
  expect(result).toBe('in');
  expect(tookMs).toBeGreaterThanOrEqual(300_000);
});

it.each([
  [408, true],
  [409, false],
  [422, false],
  [401, false],
  [502, true],
  [503, true],
])('a %i is asked again: %s', async (status, again) => {
  const { tries } = await outcome((_, attempt) =>
    attempt === 1 ? Promise.reject(refusal(status)) : Promise.resolve('done'),
  );
  expect(tries).toBe(again ? 2 : 1);
});

it('waits for a key that somebody holds', async () => {
  const { result } = await outcome((_, attempt) =>
    attempt < 3 ? Promise.reject(refusal(409, 1, 'idempotency_key_in_use')) : Promise.resolve('mine'),
  );
  expect(result).toBe('mine');
});

it('knows what stays wrong', () => {
  const wrong = [400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 500, 503].filter((one) => staysWrong(refusal(one)));
  expect(wrong).toEqual([400, 404, 413, 415, 422]);
  expect(staysWrong(away)).toBe(false);
});
