import { expect, it } from 'vitest';
import { parseProgress } from './progress.js';

it('reads marks and starts, as text and as BullMQ has parsed them', () => {
  const value = { x: { '3': ['canceled', 7] }, s: { '0': 5, '63': 6 } };
  for (const field of [value, JSON.stringify(value)]) {
    const { marks, starts } = parseProgress(field);
    expect([...marks]).toEqual([[3, { kind: 'canceled', atMs: 7 }]]);
    expect([...starts]).toEqual([
      [0, 5],
      [63, 6],
    ]);
  }
});

it.each([undefined, null, 0, '', '0', 'no json', '7', {}, '{"x":{},"s":{}}', 42])(
  '%j: nothing has happened',
  (field) => {
    const { marks, starts } = parseProgress(field);
    expect([marks.size, starts.size]).toEqual([0, 0]);
  },
);
