import { expect, it } from 'vitest';
import { RestartPolicy } from './restart-policy.js';

it('starts again at once, then after pauses that double up to half a minute', () => {
  const policy = new RestartPolicy();
  let now = 0;
  const pauses = Array.from({ length: 8 }, () => policy.onDeath((now += 100)));
  expect(pauses).toEqual([0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

it('forgets after a quiet minute', () => {
  const policy = new RestartPolicy();
  expect(policy.onDeath(0)).toBe(0);
  expect(policy.onDeath(59_999)).toBe(1_000);
  expect(policy.onDeath(119_999)).toBe(0);
});
