import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Output } from '#domain/model-version';
import type { NewOutcome, Outcome } from '#domain/outcome';
import { blockOf, countOutcomes, decodeOutcome, encodeBlocks, OutcomeBlock, ROWS_PER_BLOCK } from './outcomes.js';

const outcome: fc.Arbitrary<NewOutcome> = fc.oneof(
  fc.record({
    kind: fc.constant('succeeded' as const),
    outputJson: fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .map((value) => JSON.stringify({ value: value + 0 })),
    run: fc.constant({ startedAtMs: 1, predictMs: 2, batchSize: 3 }),
  }),
  fc.constant<NewOutcome>({ kind: 'moved', run: null }),
  fc.constant<NewOutcome>({ kind: 'dropped' }),
);

/** As it is read again. */
function read(outcome: NewOutcome): Outcome {
  if (outcome.kind !== 'succeeded') return outcome;
  const { outputJson, ...rest } = outcome;
  return { ...rest, output: JSON.parse(outputJson) as Output };
}

it('finds the outcome of every row in the one block that is read for it', () => {
  const property = fc.property(fc.array(outcome, { minLength: 1, maxLength: 130, size: 'max' }), (outcomes) => {
    const blocks = encodeBlocks(outcomes);
    expect(blocks).toHaveLength(Math.ceil(outcomes.length / ROWS_PER_BLOCK));
    for (const [row, expected] of outcomes.entries()) {
      expect(decodeOutcome(blocks[blockOf(row)], row)).toEqual(read(expected));
    }
  });
  fc.assert(property, { numRuns: 20 });
});

it('gives out the outputs of successes as they stand, and nothing of the others', () => {
  const property = fc.property(fc.array(outcome, { minLength: 1, maxLength: ROWS_PER_BLOCK }), (outcomes) => {
    const block = new OutcomeBlock(encodeBlocks(outcomes)[0] ?? '');
    const successes = outcomes.map((one) => (one.kind === 'succeeded' ? one : null));
    expect(outcomes.map((_, row) => block.success(row))).toEqual(successes);
    expect(outcomes.map((_, row) => block.outputJson(row))).toEqual(successes.map((one) => one?.outputJson ?? null));
  });
  fc.assert(property, { numRuns: 50 });
});

it('says what a run was once for the rows that ran together', () => {
  const run = { startedAtMs: 1_764_115_200_000, predictMs: 0.4, batchSize: 2 };
  const other = { ...run, predictMs: 7 };
  const outcomes = [run, run, other].map((of) => ({ kind: 'succeeded', outputJson: '{}', run: of }) as const);
  const [block = ''] = encodeBlocks(outcomes);
  expect(block.match(/startedAtMs/g)).toHaveLength(2);
  expect([0, 1, 2].map((row) => decodeOutcome(block, row))).toMatchObject([{ run }, { run }, { run: other }]);
  expect([0, 1, 2].map((row) => new OutcomeBlock(block).success(row)?.run)).toEqual([run, run, other]);
});

it('an output may hold whatever the format is made of', () => {
  const output = { label: 'a,\n"output":{"kind":"succeeded","run":0', score: 1, probabilities: {} };
  const run = { startedAtMs: 1, predictMs: 0.5, batchSize: 3 };
  const [block = ''] = encodeBlocks([{ kind: 'succeeded', outputJson: JSON.stringify(output), run }]);
  const read = new OutcomeBlock(block);
  expect(JSON.parse(read.outputJson(0) ?? '')).toEqual(output);
  expect(read.success(0)?.run).toEqual(run);
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
      { kind: 'succeeded', outputJson: '{}', run },
      { kind: 'succeeded', outputJson: '{}', run },
      { kind: 'moved', run: null },
      { kind: 'dropped' },
    ]),
  ).toEqual({ succeeded: 2, failed: 0, moved: 1, dropped: 1 });
});
