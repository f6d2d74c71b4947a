import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shortestFloat32 } from './float32.js';

const digitsOf = (value: number): number =>
  value
    .toExponential()
    .replace(/e.*$|[-.]/g, '')
    .replace(/0+$/, '').length;

/** By trial: the fewest digits with which the nearest decimal still is that float32. */
function fewestDigits(value: number): number {
  for (let digits = 1; digits < 9; digits += 1) {
    if (Math.fround(Number(value.toPrecision(digits))) === value) return digits;
  }
  return 9;
}

const float32 = fc.float({ noDefaultInfinity: true, noNaN: true });
/** Where answers are: probabilities, and regressions in hundreds. */
const likely = fc.oneof(
  fc.float({ min: 0, max: 1, noNaN: true }),
  fc.float({ min: Math.fround(-1_000), max: Math.fround(1_000), noNaN: true }),
);

it.each([
  [0.1, 0.1],
  [123.456, 123.456],
  [152.133, 152.133],
  [0.30000001192092896, 0.3],
  [16_777_216, 16_777_216],
  [3.4028234663852886e38, 3.4028235e38],
  [1e-45, 1e-45],
  [1, 1],
  [0, 0],
  [-2.5, -2.5],
])('%d as float32 is written %d', (value, shortest) => {
  expect(shortestFloat32(Math.fround(value))).toBe(shortest);
});

it('is still the same float32', () => {
  const property = fc.property(fc.oneof(float32, likely), (value) => {
    expect(Math.fround(shortestFloat32(value))).toBe(value);
  });
  fc.assert(property, { numRuns: 2_000 });
});

it('has no digit that it could do without', () => {
  const property = fc.property(fc.oneof(float32, likely), (value) => {
    if (value !== 0) expect(digitsOf(shortestFloat32(value))).toBe(fewestDigits(value));
  });
  fc.assert(property, { numRuns: 2_000 });
});
