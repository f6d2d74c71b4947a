import { expect, it } from 'vitest';
import { formatBatchMark, parseBatchMark } from './batch-mark.js';

it.each(['canceled', 'aborted'] as const)('a mark %s is read as it was written', (kind) => {
  const mark = { kind, atMs: 1_700_000_000_123 };
  expect(parseBatchMark(formatBatchMark(mark))).toEqual(mark);
});

it('is what the records of a running fleet hold', () => {
  expect(formatBatchMark({ kind: 'aborted', atMs: 1234 })).toBe('aborted 1234');
});

it.each(['', 'ended 12', 'canceled-12'])('%j is no mark', (text) => {
  expect(parseBatchMark(text)).toBe(null);
});
