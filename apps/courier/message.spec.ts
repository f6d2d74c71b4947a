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
