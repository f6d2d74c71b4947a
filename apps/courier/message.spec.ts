import fc from 'fast-check';
import { expect, it } from 'vitest';
import { freeze } from './message.js';

it('is the resource as it stands', () => {
  const resource = { id: 'p1', input: { x: 1 }, output: { value: 2 } };
  expect(JSON.parse(freeze(resource))).toEqual(resource);
});

it('leaves out what makes it large, the input first, and says so', () => {
  const large = 'ü'.repeat(15_000);
  expect(JSON.parse(freeze({ id: 'p1', input: large, output: 1 }))).toEqual({
    id: 'p1',
    input: null,
    output: 1,
    omitted: ['input'],
  });
  expect(JSON.parse(freeze({ id: 'p1', input: large, output: large }))).toEqual({
    id: 'p1',
    input: null,
    output: null,
    omitted: ['input', 'output'],
  });
});

it('leaves out the metadata before the output, and nothing that is small', () => {
  const metadata = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`k${i}`, '漢'.repeat(512)]));
  expect(JSON.parse(freeze({ id: 'p1', input: { x: 1 }, output: { value: 2 }, metadata }))).toEqual({
    id: 'p1',
    input: { x: 1 },
    output: { value: 2 },
    metadata: null,
    omitted: ['metadata'],
  });
  const output = 'ü'.repeat(15_000);
  expect(JSON.parse(freeze({ id: 'p1', input: 'x'.repeat(900), output, metadata: { order: 7 } }))).toEqual({
    id: 'p1',
    input: 'x'.repeat(900),
    output: null,
    metadata: { order: 7 },
    omitted: ['output'],
  });
});

it('is at most 20 KB, whatever is large', () => {
  const letter = fc.constantFrom('x', 'ü', '漢', '\u0000', '"');
  const text = (mostLetters: number) => fc.tuple(letter, fc.nat(mostLetters)).map(([one, count]) => one.repeat(count));
  const metadata = fc.array(text(512), { maxLength: 16 }).map((texts) => Object.fromEntries(texts.entries()));
  fc.assert(
    fc.property(fc.record({ input: text(30_000), output: text(30_000), metadata }), (fields) => {
      expect(Buffer.byteLength(freeze({ id: 'p1', ...fields }))).toBeLessThanOrEqual(20_000);
    }),
  );
});
