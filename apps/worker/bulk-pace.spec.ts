import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { BulkPace, type PacedIntake } from './bulk-pace.js';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

it('takes one envelope at a time while callers come, and two again when none has come for a while', () => {
  const intakes: PacedIntake[] = [{ slots: BulkPace.slots }, { slots: BulkPace.slots }];
  const pace = new BulkPace(intakes);
  const slots = (): number[] => intakes.map((intake) => intake.slots);
  for (let call = 0; call < 20; call += 1) {
    pace.called();
    expect(slots()).toEqual([1, 1]);
    vi.advanceTimersByTime(100);
    expect(slots()).toEqual([1, 1]);
  }
  vi.advanceTimersByTime(500);
  expect(slots()).toEqual([2, 2]);
  expect(vi.getTimerCount()).toBe(0);
});

it('leaves no timer behind when its worker stops taking', () => {
  const intake = { slots: BulkPace.slots };
  const pace = new BulkPace([intake]);
  pace.called();
  pace.stop();
  expect(vi.getTimerCount()).toBe(0);
  expect(intake.slots).toBe(2);
});
