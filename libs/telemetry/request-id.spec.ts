import { expect, it } from 'vitest';
import { requestIdFrom } from './request-id.js';

it.each(['a', 'order-4711', 'A.b_c:d-1', 'x'.repeat(128)])("keeps the caller's %s", (id) => {
  expect(requestIdFrom(id)).toBe(id);
});

// It stands in log lines and in a header of the answer.
it.each([undefined, '', 'x'.repeat(129), 'a b', 'a\nb', '{"level":"error"}', 'ä', ['a', 'b']])('replaces %j', (id) => {
  const made = requestIdFrom(id);
  expect(made).toMatch(/^[0-9a-f-]{36}$/);
  expect(requestIdFrom(id)).not.toBe(made);
});
