import { expect, it } from 'vitest';
import { EndRates } from './end-rates.js';

it('adds up what the workers have counted within the last seconds', () => {
  const rates = new EndRates();
  const see = (second: number, a: number, b: number): void =>
    rates.see(
      [
        { id: 'a', ended: { iris: a } },
        { id: 'b', ended: { iris: b, churn: 7 } },
      ],
      second * 1_000,
    );
  see(0, 1_000, 0);
  expect(rates.of('iris')).toBe(0);
  see(10, 1_100, 50);
  expect(rates.of('iris')).toBe(15);
  expect(rates.of('churn')).toBe(0);
  see(20, 1_100, 50);
  expect(rates.of('iris')).toBe(0);
  expect(rates.of('unheard')).toBe(0);
});

it('forgets a worker that is gone, and counts one that came back anew', () => {
  const rates = new EndRates();
  rates.see([{ id: 'a', ended: { iris: 100 } }], 0);
  rates.see([{ id: 'a', ended: { iris: 200 } }], 5_000);
  expect(rates.of('iris')).toBe(20);
  rates.see([], 6_000);
  expect(rates.of('iris')).toBe(0);
  rates.see([{ id: 'a' }], 7_000);
  expect(rates.of('iris')).toBe(0);
});
