import { expect, it } from 'vitest';
import { RateGate } from './sampling.js';

it('lets some through each second and says later how many it held back', () => {
  const gate = new RateGate(2);
  expect([1_000, 1_001, 1_002, 1_999].map((ms) => gate.pass(ms))).toEqual([0, 0, null, null]);
  expect(gate.pass(2_000)).toBe(2);
  expect(gate.pass(2_001)).toBe(0);
  expect(gate.pass(2_002)).toBeNull();
});

it('lets everything through below its rate', () => {
  const gate = new RateGate(1);
  expect([0, 1_000, 2_000, 9_000].map((ms) => gate.pass(ms))).toEqual([0, 0, 0, 0]);
});
