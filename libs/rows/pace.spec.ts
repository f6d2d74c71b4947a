import { expect, it } from 'vitest';
import { Pace } from './pace.js';

/** @returns after how many waits the sender is too slow, or null */
function endOf(waits: readonly { readonly bytes: number; readonly ms: number }[], stallMs = 30_000): number | null {
  const pace = new Pace(stallMs);
  const at = waits.findIndex(({ bytes, ms }) => pace.received(bytes, ms) !== null);
  return at === -1 ? null : at;
}

const times = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);

it('ends who sends a byte now and then', () => {
  expect(endOf(times(100, { bytes: 1, ms: 29_000 }))).toBe(1);
  expect(endOf(times(100, { bytes: 1_000, ms: 1_000 }))).toBe(29);
});

it('leaves alone who is fast enough, with pauses, or waits for us', () => {
  expect(endOf(times(100, { bytes: 11_000, ms: 1_000 }))).toBeNull();
  expect(endOf(times(30, [{ bytes: 1, ms: 20_000 }, ...times(50, { bytes: 65_536, ms: 250 })]).flat())).toBeNull();
  expect(endOf(times(100_000, { bytes: 1, ms: 0 }))).toBeNull();
});

it('says nothing of a body that ends within its first window', () => {
  expect(endOf(times(29, { bytes: 1, ms: 1_000 }))).toBeNull();
});

it('holds nobody to a pace over less than the pause that is allowed', () => {
  const pausing = [...times(50, { bytes: 65_536, ms: 100 }), { bytes: 65_536, ms: 100_000 }];
  expect(endOf(pausing, 120_000)).toBeNull();
  expect(endOf(times(10, { bytes: 1, ms: 100_000 }), 120_000)).toBe(1);
});

it('judges each window by itself: what was fast once is no excuse for ever', () => {
  expect(endOf([{ bytes: 1e9, ms: 31_000 }, ...times(40, { bytes: 1, ms: 1_000 })])).toBe(30);
});
