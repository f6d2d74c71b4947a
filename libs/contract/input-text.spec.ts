import fc from 'fast-check';
import { expect, it } from 'vitest';
import { joinInputs, packInput, splitInputs, unpackInput } from './input-text.js';

const FIELDS = ['length', 'colour', 'pixels', 'note'];
const input = fc.record(
  {
    length: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    colour: fc.oneof(fc.string(), fc.constant(',\n'), fc.constant('null')),
    pixels: fc.array(fc.array(fc.integer(), { maxLength: 3 }), { maxLength: 3 }),
    note: fc.oneof(fc.constant(null), fc.string()),
    other: fc.boolean(),
  },
  { requiredKeys: ['length'] },
);

it('gives every input back as it was, whatever it holds or lacks', () => {
  const property = fc.property(fc.array(fc.option(input), { minLength: 1, maxLength: 40 }), (inputs) => {
    const joined = joinInputs(inputs.map((one) => (one === null ? null : packInput(one, FIELDS))));
    const back = splitInputs(joined).map((text) => (text === null ? null : unpackInput(text, FIELDS)));
    expect(back).toEqual(inputs);
  });
  fc.assert(property, { numRuns: 200 });
});

it('leaves out the names, in whatever order they came', () => {
  expect(packInput({ b: 2, a: 1 }, ['a', 'b'])).toBe('[1,2]');
});
