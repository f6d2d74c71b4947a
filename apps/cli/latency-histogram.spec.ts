import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LatencyHistogram } from './latency-histogram.js';

it('is within one percent of the exact percentile', () => {
  const latencies = fc.array(fc.double({ min: 0.02, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(latencies, fc.constantFrom(0.5, 0.95, 0.99, 1), (values, share) => {
      const histogram = new LatencyHistogram();
      for (const value of values) histogram.add(value);
      const exact = [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(share * values.length) - 1)]!;
      expect(histogram.percentile(share)).toBeGreaterThanOrEqual(exact * 0.999_999);
      expect(histogram.percentile(share)).toBeLessThanOrEqual(exact * 1.010_001);
    }),
  );
});

it('holds what is too small and too large, and says 0 for nothing', () => {
  const histogram = new LatencyHistogram();
  expect(histogram.percentile(0.5)).toBe(0);
  histogram.add(0);
  histogram.add(1e9);
  expect(histogram.count).toBe(2);
  expect(histogram.percentile(1)).toBe(1e9);
});
