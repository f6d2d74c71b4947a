import { expect, it } from 'vitest';
import {
  BATCH_TRANSITIONS,
  batchEnvelopeId,
  batchTimeMs,
  formatBatchId,
  hasBatchEnded,
  modelCodeOfBatch,
} from './batch.js';
import { newEnvelopeId, parsePredictionId, formatPredictionId } from './prediction-id.js';

it('has ids from which those of its rows follow', () => {
  const nowMs = Date.now();
  const id = formatBatchId('abcd', newEnvelopeId('b', nowMs));
  expect(batchTimeMs(id)).toBe(nowMs);
  expect(id).toMatch(/^b[0-9a-v]{25}$/);
  expect(modelCodeOfBatch(id)).toBe('abcd');
  const envelopeId = batchEnvelopeId(id, 976);
  expect(parsePredictionId(formatPredictionId('abcd', envelopeId, 1_023))).toEqual({
    modelCode: 'abcd',
    envelopeId,
    row: 1_023,
  });
  expect(formatBatchId('abcd', envelopeId)).toBe(id);
  expect(new Set([0, 1, 31, 32, 9_999].map((n) => batchEnvelopeId(id, n))).size).toBe(5);
});

it('knows no id in what is none', () => {
  for (const text of ['', 'b', 'bXYZ', 'p'.padEnd(26, '0'), 'b'.padEnd(27, '0'), 'b'.padEnd(26, 'w')]) {
    expect(modelCodeOfBatch(text)).toBeNull();
  }
});

it('ends once', () => {
  for (const [status, next] of Object.entries(BATCH_TRANSITIONS)) {
    expect(hasBatchEnded(status as keyof typeof BATCH_TRANSITIONS)).toBe(next.length === 0);
  }
  expect(BATCH_TRANSITIONS.in_progress).not.toContain('validating');
});
