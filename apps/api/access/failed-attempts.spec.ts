import { expect, it } from 'vitest';
import { FailedAttempts } from './failed-attempts.js';

it('lets an address be wrong a hundred times a minute, and no other suffer for it', () => {
  const attempts = new FailedAttempts();
  for (let i = 0; i < 100; i += 1) expect(attempts.note('a', 1_000)).toBeNull();
  expect(attempts.note('a', 31_000)).toBe(30);
  expect(attempts.note('b', 31_000)).toBeNull();
  expect(attempts.note('a', 61_000)).toBeNull();
});

it('remembers a bounded number of addresses', () => {
  const attempts = new FailedAttempts();
  for (let i = 0; i < 101; i += 1) attempts.note('first', 0);
  expect(attempts.note('first', 0)).toBe(60);
  for (let i = 0; i < 10_000; i += 1) attempts.note(`other-${i}`, 0);
  expect(attempts.note('first', 0)).toBeNull();
});
