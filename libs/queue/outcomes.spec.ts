import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Outcome } from '#domain/outcome';
import { blockOf, countOutcomes, decodeOutcome, encodeBlocks, linesOf, outputOf, ROWS_PER_BLOCK } from './outcomes.js';

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({
    kind: fc.constant('succeeded' as const),
    output: fc.record({ value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((v) => v + 0) }),
    run: fc.constant({ startedAtMs: 1, predictMs: 2, batchSize: 3 }),
  }),
  fc.constant<Outcome>({ kind: 'moved', run: null }),
  fc.constant<Outcome>({ kind: 'dropped' }),
);

it('finds the outcome of every row in the one block that is read for it', () => {
  const property = fc.property(fc.array(outcome, { minLength: 1, maxLength: 130, size: 'max' }), (outcomes) => {
    const blocks = encodeBlocks(outcomes);
    expect(blocks).toHaveLength(Math.ceil(outcomes.length / ROWS_PER_BLOCK));
    for (const [row, expected] of outcomes.entries())
      expect(decodeOutcome(blocks[blockOf(row)], row)).toEqual(expected);
  });
  fc.assert(property, { numRuns: 20 });
});

it('gives out the outputs of successes as they stand, and nothing of the others', () => {
  const property = fc.property(fc.array(outcome, { minLength: 1, maxLength: ROWS_PER_BLOCK }), (outcomes) => {
    const lines = linesOf(encodeBlocks(outcomes)[0] ?? '');
    expect(lines.map((line) => JSON.parse(line) as Outcome)).toEqual(outcomes);
    const outputs = outcomes.map((one) => (one.kind === 'succeeded' ? JSON.stringify(one.output) : null));
    expect(lines.map(outputOf)).toEqual(outputs);
  });
  fc.assert(property, { numRuns: 50 });
});

it('an output may hold whatever the format is made of', () => {
  const output = { label: 'a,\n"output":{"kind":"succeeded",', score: 1, probabilities: {} };
  const run = { startedAtMs: 1, predictMs: 0.5, batchSize: 3 };
  const [block = ''] = encodeBlocks([{ kind: 'succeeded', output, run }]);
  expect(JSON.parse(outputOf(linesOf(block)[0] ?? '') ?? '')).toEqual(output);
});

it('finds nothing where nothing is kept', () => {
  expect(decodeOutcome(null, 0)).toBeNull();
  expect(decodeOutcome(undefined, 0)).toBeNull();
  expect(decodeOutcome('[]', 5)).toBeNull();
});

it('counts by kind', () => {
  const run = { startedAtMs: 1, predictMs: 2, batchSize: 3 };
  expect(
    countOutcomes([
      { kind: 'succeeded', output: {}, run },
      { kind: 'succeeded', output: {}, run },
      { kind: 'moved', run: null },
      { kind: 'dropped' },
    ]),
  ).toEqual({ succeeded: 2, failed: 0, moved: 1, dropped: 1 });
});
