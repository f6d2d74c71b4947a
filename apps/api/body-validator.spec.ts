import { expect, it } from 'vitest';
import { MODEL_PREDICTION_REQUEST_SCHEMA, PREDICTION_REQUEST_SCHEMA } from '#contract/prediction.dto';
import { compileBodyValidator } from './body-validator.js';

const check = compileBodyValidator(PREDICTION_REQUEST_SCHEMA);
const good = { version: 'iris', input: { x: 1 } };

it('takes a body that matches, with or without metadata', () => {
  expect(check(good)).toBeNull();
  expect(check({ ...good, metadata: { order: '4711' } })).toBeNull();
  expect(compileBodyValidator(MODEL_PREDICTION_REQUEST_SCHEMA)({ input: {} })).toBeNull();
});

it.each([
  ['no object', [], '', 'wrong_type'],
  ['nothing', undefined, '', 'wrong_type'],
  ['no version', { input: {} }, '/version', 'missing_field'],
  ['no input', { version: 'iris' }, '/input', 'missing_field'],
  ['an input that is a list', { ...good, input: [] }, '/input', 'wrong_type'],
  ['a version that is a number', { ...good, version: 1 }, '/version', 'wrong_type'],
  ['an empty version', { ...good, version: '' }, '/version', 'invalid_field'],
  ['a very long version', { ...good, version: 'x'.repeat(201) }, '/version', 'invalid_field'],
  ['an unknown field', { ...good, 'a/b': 1 }, '/a~1b', 'unknown_field'],
  ['metadata that is no text', { ...good, metadata: { a: 1 } }, '/metadata/a', 'wrong_type'],
  ['too much metadata', { ...good, metadata: { a: 'x'.repeat(513) } }, '/metadata/a', 'invalid_field'],
  [
    'a model in two places',
    JSON.parse('{"version":"iris","input":{},"__proto__":{"a":1}}'),
    '/__proto__',
    'unknown_field',
  ],
])('refuses %s', (_, body, pointer, code) => {
  expect(check(body)).toMatchObject([{ pointer, code }]);
});
