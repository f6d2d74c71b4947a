import { describe, expect, it } from 'vitest';
import { difference, parseGolden } from './golden.js';

describe('a golden file', () => {
  const line = (value: unknown): string => JSON.stringify(value);
  const good = { input: { a: 1 }, output: { value: 2 }, tolerance: 0.1 };

  it('is one example a line; empty lines do not count', () => {
    expect(parseGolden('f', `${line(good)}\n\n${line(good)}\n`)).toEqual([good, good]);
  });

  it.each([
    ['nothing', '', 'holds no golden example'],
    ['only empty lines', '\n \n', 'holds no golden example'],
    ['a torn line', `${line(good)}\n{"input":`, 'line 2 is not JSON'],
    ['null', 'null', 'line 1 needs an input, an output and a tolerance'],
    ['no output', line({ input: {}, tolerance: 1 }), 'line 1 needs'],
    ['an output that is a list', line({ ...good, output: [] }), 'line 1 needs'],
    ['a tolerance below zero', line({ ...good, tolerance: -1 }), 'line 1 needs'],
    ['a tolerance that is no number', line({ ...good, tolerance: null }), 'line 1 needs'],
  ])('may not hold %s', (_, text, rule) => {
    expect(() => parseGolden('iris/1.0.0/golden.jsonl', text)).toThrow(`Model file iris/1.0.0/golden.jsonl: ${rule}`);
  });
});

describe('an answer agrees with the expected one', () => {
  const expected = { label: 'a', probabilities: { a: 0.9, b: 0.1 }, grid: [[1, 2]] };

  it('when every number is within the tolerance, bounds included', () => {
    expect(difference(expected, expected, 0)).toBeNull();
    expect(difference({ x: 1 }, { x: 1.5 }, 0.5)).toBeNull();
    expect(difference({ x: 1 }, { x: 0.5 }, 0.5)).toBeNull();
  });

  it.each([
    ['a number too far away', { ...expected, probabilities: { a: 0.9, b: 0.2 } }, '/probabilities/b is 0.2'],
    ['another label', { ...expected, label: 'b' }, '/label is "b", expected "a"'],
    ['a missing field', { label: 'a', grid: [[1, 2]] }, 'the output has other fields'],
    ['a field too many', { ...expected, extra: 1 }, 'the output has other fields'],
    ['another field', { ...expected, probabilities: { a: 0.9, c: 0.1 } }, '/probabilities/b is not a number'],
    ['a shorter list', { ...expected, grid: [[1]] }, '/grid/0 has other fields'],
    ['a number that is a text', { ...expected, grid: [[1, '2']] }, '/grid/0/1 is not a number'],
    ['null', { ...expected, probabilities: null }, '/probabilities is missing'],
    ['NaN', { ...expected, grid: [[1, Number.NaN]] }, '/grid/0/1 is NaN'],
  ])('not with %s', (_, actual, sentence) => {
    expect(difference(expected, actual, 0.01)).toContain(sentence);
  });
});
