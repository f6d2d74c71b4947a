import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changedManifest, shipped, SHIPPED } from '#testing/models';
import { inputSchema } from './input-schema.js';
import { compileInputValidator, type InputProblem } from './input-validator.js';
import { parseManifest } from './manifest.js';

const models = new Map(await Promise.all(SHIPPED.map(async (name) => [name, await shipped(name)] as const)));
const validators = new Map([...models].map(([name, { manifest }]) => [name, compileInputValidator(manifest)]));

/** Errors of a golden input with some of its fields replaced; as text where only JSON can say it. */
function check(model: (typeof SHIPPED)[number], change: Record<string, unknown> | string): InputProblem[] {
  const { golden } = models.get(model)!;
  const input = golden[0]!.input;
  const changed: unknown =
    typeof change === 'string' ? JSON.parse(JSON.stringify(input).replace(/}$/, `,${change}}`)) : { ...input, ...change };
  return validators.get(model)!(changed);
}

it.each(SHIPPED)('%s accepts its own golden inputs and examples', (name) => {
  const { manifest, golden } = models.get(name)!;
  const validate = validators.get(name)!;
  for (const [index, example] of golden.entries()) expect(validate(example.input), `line ${index + 1}`).toEqual([]);
  const examples = Object.fromEntries(manifest.inputs.map((feature) => [feature.name, feature.example]));
  expect(validate(examples)).toEqual([]);
});

describe('one wrong field is one error: its pointer, a stable code, and the rule with its unit', () => {
  it.each([
    ['a text for a number', { sepal_length: '5.1' }, 'wrong_type', 'is a text: must be a number from 3 to 10 (cm)'],
    ['a truth for a number', { sepal_length: true }, 'wrong_type', 'is true or false: must be a number from 3 to 10 (cm)'],
    ['null', { sepal_length: null }, 'wrong_type', 'is null: must be a number from 3 to 10 (cm)'],
    ['a list', { sepal_length: [5.1] }, 'wrong_type', 'is an array: must be a number from 3 to 10 (cm)'],
    ['an object', { sepal_length: { cm: 5 } }, 'wrong_type', 'is an object: must be a number from 3 to 10 (cm)'],
    ['too little', { sepal_length: 2.99 }, 'out_of_range', 'is 2.99: must be a number from 3 to 10 (cm)'],
    ['too much', { sepal_length: 10.01 }, 'out_of_range', 'is 10.01: must be a number from 3 to 10 (cm)'],
    ['NaN', { sepal_length: Number.NaN }, 'not_finite', 'is not a finite number: must be a number from 3 to 10 (cm)'],
  ])('%s', (_, change, code, detail) => {
    expect(check('iris', change)).toEqual([{ pointer: '/sepal_length', code, detail }]);
  });

  // JSON knows no NaN and no infinity, but a number that is too large becomes one in every parser.
  it.each(['1e400', '-1e400'])('%s in the text of the body is no finite number', (text) => {
    expect(check('iris', `"sepal_length":${text}`)).toMatchObject([{ pointer: '/sepal_length', code: 'not_finite' }]);
  });

  it.each(['"NaN"', '"Infinity"', '"1e400"', '"nan"', '""'])('%s is a text and no number', (text) => {
    expect(check('iris', `"sepal_length":${text}`)).toMatchObject([{ pointer: '/sepal_length', code: 'wrong_type' }]);
  });

  it('bounds themselves are inside', () => {
    expect(check('iris', { sepal_length: 3 })).toEqual([]);
    expect(check('iris', { sepal_length: 10 })).toEqual([]);
  });

  it('a missing field', () => {
    const { golden } = models.get('iris')!;
    const { petal_width, ...rest } = golden[0]!.input;
    expect(petal_width).toBeDefined();
    expect(validators.get('iris')!(rest)).toEqual([
      { pointer: '/petal_width', code: 'missing_field', detail: 'is required: must be a number from 0 to 4 (cm)' },
    ]);
  });

  it('an unknown field, its pointer escaped', () => {
    const detail = 'is not a field of this model; its fields are sepal_length, sepal_width, petal_length, petal_width';
    expect(check('iris', { 'a/b~c': 1 })).toEqual([{ pointer: '/a~1b~0c', code: 'unknown_field', detail }]);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('a field named %s is an unknown field', (name) => {
    expect(check('iris', `"${name}":{"sepal_length":1}`)).toMatchObject([
      { pointer: `/${name}`, code: 'unknown_field' },
    ]);
  });

  it('fields that only the prototype has are missing', () => {
    const { golden } = models.get('iris')!;
    const inherited = JSON.parse(`{"__proto__":${JSON.stringify(golden[0]!.input)}}`) as unknown;
    const codes = validators.get('iris')!(inherited).map(({ code }) => code);
    expect(codes).toEqual([...Array<string>(4).fill('missing_field'), 'unknown_field']);
  });
});

describe('categories, whole numbers and missing values', () => {
  it('name the closed list', () => {
    expect(check('churn', { plan: 'gold' })).toEqual([
      { pointer: '/plan', code: 'unknown_category', detail: 'must be one of "basic", "standard", "premium"' },
    ]);
    expect(check('churn', { plan: 'Basic' })).toMatchObject([{ code: 'unknown_category' }]);
    expect(check('churn', { plan: 1 })).toMatchObject([{ code: 'wrong_type' }]);
  });

  it('take no half contact', () => {
    expect(check('churn', { support_contacts: 1.5 })).toEqual([
      {
        pointer: '/support_contacts',
        code: 'wrong_type',
        detail: 'is a number: must be a whole number from 0 to 50 (contacts)',
      },
    ]);
    expect(check('churn', '"support_contacts":2.0')).toEqual([]);
  });

  it('take null where the manifest says so, and nowhere else', () => {
    expect(check('churn', { satisfaction: null })).toEqual([]);
    expect(check('churn', { satisfaction: 11 })).toEqual([
      {
        pointer: '/satisfaction',
        code: 'out_of_range',
        detail: 'is 11: must be a number from 1 to 10 (points, 1 to 10), or null',
      },
    ]);
    expect(check('churn', { autopay: 'true' })).toEqual([
      { pointer: '/autopay', code: 'wrong_type', detail: 'is a text: must be true or false' },
    ]);
  });
});

describe('an image', () => {
  const image = (change: (pixels: unknown[]) => unknown[]) => {
    const { golden } = models.get('digits')!;
    return check('digits', { pixels: change([...(golden[0]!.input['pixels'] as unknown[])]) });
  };
  const rule = 'must be 64 values, each a number from 0 to 16 (grey level, 0 to 16)';

  it('of 63 or 65 pixels says how many there are', () => {
    expect(image((pixels) => pixels.slice(1))).toEqual([
      { pointer: '/pixels', code: 'wrong_length', detail: `has 63 values: ${rule}` },
    ]);
    expect(image((pixels) => [...pixels, 0])).toMatchObject([{ code: 'wrong_length' }]);
    expect(image(() => [])).toMatchObject([{ code: 'wrong_length' }]);
  });

  it('points at the wrong pixel', () => {
    const third = (value: unknown) => image((pixels) => pixels.with(3, value));
    expect(third(17)).toEqual([{ pointer: '/pixels/3', code: 'out_of_range', detail: `is 17: ${rule}` }]);
    expect(third('7')).toEqual([{ pointer: '/pixels/3', code: 'wrong_type', detail: `is a text: ${rule}` }]);
    expect(third(Infinity)).toMatchObject([{ pointer: '/pixels/3', code: 'not_finite' }]);
    expect(third(null)).toMatchObject([{ pointer: '/pixels/3', code: 'wrong_type' }]);
  });

  it('is a flat list: rows of rows are refused', () => {
    const nested = image((pixels) => Array.from({ length: 8 }, (_, row) => pixels.slice(row * 8, row * 8 + 8)));
    expect(nested).toMatchObject([{ pointer: '/pixels', code: 'wrong_length' }]);
    expect(image((pixels) => pixels.with(0, [1]))).toMatchObject([{ pointer: '/pixels/0', code: 'wrong_type' }]);
  });

  it('is explained by one error, however wrong it is', () => {
    expect(image((pixels) => pixels.map(() => 'x'))).toHaveLength(1);
  });
});

it.each([null, [], 'x', 7, true, undefined])('refuses %j, which is no object', (input) => {
  expect(validators.get('iris')!(input)).toMatchObject([
    { pointer: '', code: 'wrong_type' },
  ]);
});

it('names some of a thousand unknown fields, not all', () => {
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`x${i}`, 1]));
  expect(check('iris', many)).toHaveLength(20);
});

it('keeps a number without bounds inside of what float32 can hold', async () => {
  const text = await changedManifest('iris', (manifest) => {
    delete manifest.inputs[0]!.minimum;
    delete manifest.inputs[0]!.maximum;
  });
  const validate = compileInputValidator(parseManifest(text));
  const input = models.get('iris')!.golden[0]!.input;
  expect(validate({ ...input, sepal_length: 3.4e38 })).toEqual([]);
  expect(validate({ ...input, sepal_length: 3.5e38 })).toMatchObject([{ code: 'out_of_range' }]);
});

it('takes a field that every object inherits for missing all the same', async () => {
  const text = await changedManifest('iris', (manifest) => (manifest.inputs[0]!.name = 'constructor'));
  const { sepal_length, ...rest } = models.get('iris')!.golden[0]!.input;
  const validate = compileInputValidator(parseManifest(text));
  expect(validate({ ...rest, constructor: sepal_length })).toEqual([]);
  expect(validate(rest)).toMatchObject([{ pointer: '/constructor', code: 'missing_field' }]);
});

describe('explanation and schema agree: there is an error exactly where the schema rejects', () => {
  const anything = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.array(fc.oneof(fc.double({ min: -1, max: 18 }), fc.jsonValue({ maxDepth: 1 })), { maxLength: 66 }),
  );

  it.each(SHIPPED)('for %s', (name) => {
    const { manifest, golden } = models.get(name)!;
    const validate = validators.get(name)!;
    const accepts = new Ajv2020({ strict: false }).compile(inputSchema(manifest));
    const names = manifest.inputs.map((feature) => feature.name);
    const good = fc.constantFrom(...golden.map((example) => example.input));
    const key = fc.oneof(fc.constantFrom(...names, '__proto__', 'constructor'), fc.string());
    const changed = fc.tuple(good, fc.array(fc.tuple(key, anything), { maxLength: 3 }), fc.subarray(names)).map(
      ([input, changes, removed]) => {
        const entries = Object.entries(input).filter(([field]) => removed.length === names.length || !removed.includes(field));
        return Object.fromEntries([...entries, ...changes]);
      },
    );
    const property = fc.property(fc.oneof({ weight: 5, arbitrary: changed }, { weight: 1, arbitrary: fc.jsonValue() }), (input) => {
      const errors = validate(input);
      expect(errors.length > 0).toBe(!accepts(input));
      for (const { pointer, detail } of errors) {
        expect(pointer === '' || pointer.startsWith('/')).toBe(true);
        expect(detail).not.toBe('');
      }
    });
    fc.assert(property, { numRuns: 300 });
  });
});
