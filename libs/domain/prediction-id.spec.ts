import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  envelopeTimeMs,
  formatPredictionId,
  isOwnId,
  MAX_ENVELOPE_ROWS,
  newEnvelopeId,
  parsePredictionId,
} from './prediction-id.js';

const toText = (digits: readonly number[]): string => digits.map((digit) => digit.toString(32)).join('');
const base32 = (length: number) =>
  fc.array(fc.integer({ min: 0, max: 31 }), { minLength: length, maxLength: length }).map(toText);
const time = fc.integer({ min: 0, max: 32 ** 9 - 1 });
const row = fc.integer({ min: 0, max: MAX_ENVELOPE_ROWS - 1 });

it('says where the prediction lives: what was written into an id is read back from it', () => {
  fc.assert(
    fc.property(base32(4), time, row, (modelCode, nowMs, row) => {
      const envelopeId = newEnvelopeId('i', nowMs);
      const id = formatPredictionId(modelCode, envelopeId, row);
      expect(id).toMatch(/^p[0-9a-v]{32}$/);
      expect(parsePredictionId(id)).toEqual({ modelCode, envelopeId, row });
      expect(envelopeTimeMs(envelopeId)).toBe(nowMs);
    }),
  );
});

it('never gives two envelopes of one moment the same id', () => {
  const ids = new Set(Array.from({ length: 5_000 }, () => newEnvelopeId('i', 1_700_000_000_000)));
  expect(ids.size).toBe(5_000);
});

it('gives the envelopes of one process, made within a moment, ids in the order in which they were made', () => {
  const ids = Array.from({ length: 1_024 }, () => newEnvelopeId('i', 1_700_000_000_001));
  ids.push(newEnvelopeId('i', 1_700_000_000_002));
  expect(ids).toEqual([...ids].sort());
});

it('reads nothing out of a text that is no id', () => {
  const id = formatPredictionId('0000', newEnvelopeId('i', 0), 0);
  const wrong = ['', 'p', id.toUpperCase(), `${id}0`, id.slice(0, -1), `x${id.slice(1)}`, `${id}\n`, ` ${id}`];
  const otherAlphabet = id.replace(/.$/, 'w');
  const otherKind = `${id.slice(0, 5)}c${id.slice(6)}`;
  for (const text of [...wrong, otherAlphabet, otherKind]) expect(parsePredictionId(text), text).toBeNull();
  fc.assert(fc.property(fc.string(), (text) => parsePredictionId(text) === null));
});

it('lets clients give ids that no escape is needed for, and that are never taken for one of ours', () => {
  for (const id of ['a', '7', 'order-4711', 'A.b_c~d', 'x'.repeat(128), `p${'0'.repeat(31)}`]) {
    expect([id, isOwnId(id)]).toEqual([id, true]);
  }
  const ours = formatPredictionId('abcd', newEnvelopeId('i', 0), 0);
  for (const id of [
    '',
    '-a',
    '.',
    '..',
    '~a',
    'a b',
    'a/b',
    'a%2f',
    'ä',
    'x'.repeat(129),
    ours,
    `p${'0'.repeat(32)}`,
  ]) {
    expect([id, isOwnId(id)]).toEqual([id, false]);
  }
});
