import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareLabels } from './labels.js';

it('orders as SemVer says, section 11', () => {
  const ordered = [
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.2.0',
    '1.10.0',
    '2.0.0-a-b',
    '2.0.0',
    // Numbers that a double cannot tell apart.
    '2.0.9007199254740992',
    '2.0.9007199254740993',
  ];
  expect(ordered.toReversed().sort(compareLabels)).toEqual(ordered);
});

describe('is a total order', () => {
  const number = fc.oneof(fc.nat(12), fc.bigInt({ min: 2n ** 53n, max: 2n ** 53n + 3n })).map(String);
  const word = fc.oneof(number, fc.stringMatching(/^[0-9]{0,2}[A-Za-z-][0-9A-Za-z-]{0,2}$/));
  const label = fc
    .tuple(fc.tuple(number, number, number), fc.array(word, { maxLength: 3 }))
    .map(([core, words]) => core.join('.') + (words.length === 0 ? '' : `-${words.join('.')}`));

  it('in which only a label itself is its equal', () => {
    fc.assert(fc.property(label, label, (a, b) => (compareLabels(a, b) === 0) === (a === b)));
    fc.assert(fc.property(label, (a) => compareLabels(a, a) === 0));
  });

  it('that is the same from both sides', () => {
    const property = fc.property(label, label, (a, b) => {
      expect(Math.sign(compareLabels(a, b)) + Math.sign(compareLabels(b, a))).toBe(0);
    });
    fc.assert(property);
  });

  it('and that has no circles', () => {
    const property = fc.property(fc.tuple(label, label, label), (labels) => {
      const [a, b, c] = labels.sort(compareLabels);
      expect(compareLabels(a, b)).toBeLessThanOrEqual(0);
      expect(compareLabels(b, c)).toBeLessThanOrEqual(0);
      expect(compareLabels(a, c)).toBeLessThanOrEqual(0);
    });
    fc.assert(property);
  });
});
