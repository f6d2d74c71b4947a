import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeAttempt, MOST_TRIES, pauseBeforeRetry } from './delivery.js';

const seconds = (tries: number): number => (pauseBeforeRetry(tries, null, 0) ?? Number.NaN) / 1_000;

it('tries ten times in 75 hours', () => {
  expect(MOST_TRIES).toBe(10);
  expect([1, 2, 3, 4, 5, 6, 7, 8, 9].map(seconds)).toEqual([
    5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400,
  ]);
  expect(pauseBeforeRetry(10, null, 0)).toBeNull();
  expect(pauseBeforeRetry(10, 1_000, 0)).toBeNull();
});

it('waits as long as the receiver asks, within reason, and never less than the schedule', () => {
  expect(pauseBeforeRetry(1, 60_000, 0)).toBe(60_000);
  expect(pauseBeforeRetry(2, 1_000, 0)).toBe(300_000);
  expect(pauseBeforeRetry(1, 86_400_000, 0)).toBe(3_600_000);
});

it('spreads tries, later and never sooner', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.float({ min: 0, max: 1, noNaN: true }), (tries, random) => {
      const pause = pauseBeforeRetry(tries, null, random)! / (seconds(tries) * 1_000);
      return pause >= 1 - 1e-9 && pause <= 1.1 + 1e-3;
    }),
  );
});

describe('takes', () => {
  it.each([200, 201, 202, 204, 299])('%i for delivered', (status) => {
    expect(judgeAttempt({ status })).toBe('delivered');
  });
  it.each([null, 100, 301, 302, 307, 308, 400, 401, 404, 429, 500, 502, 503])('%s for a failure', (status) => {
    expect(judgeAttempt({ status })).toBe('retry');
  });
  it('410 for the end of the endpoint', () => {
    expect(judgeAttempt({ status: 410 })).toBe('gone');
  });
});
