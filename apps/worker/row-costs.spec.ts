import { expect, it } from 'vitest';
import { RowCosts } from './row-costs.js';

it('knows nothing of a version that has not run', () => {
  expect(new RowCosts().of('a')).toBeNull();
});

it('begins with the first measurement and follows a change slowly', () => {
  const costs = new RowCosts();
  costs.observe('a', 10, 20);
  expect(costs.of('a')).toBe(2);
  costs.observe('a', 1, 12);
  expect(costs.of('a')).toBeCloseTo(3);
  for (let i = 0; i < 100; i += 1) costs.observe('a', 4, 20);
  expect(costs.of('a')).toBeCloseTo(5, 3);
  expect(costs.of('b')).toBeNull();
});
