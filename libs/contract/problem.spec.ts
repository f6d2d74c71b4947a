import { expect, it } from 'vitest';
import { invalidFields, notFound, problem, tooManyRequests, unavailable } from './problem.js';

it('names the first wrong field in its detail and lists all of them', () => {
  const errors = [
    { pointer: '/input/a', code: 'missing_field', detail: 'is required' },
    { pointer: '/input/b', code: 'unknown_field', detail: 'is unknown' },
  ];
  expect(invalidFields(errors).problem).toMatchObject({
    status: 422,
    code: 'invalid_request',
    detail: '/input/a is required (and 1 more)',
    errors,
  });
  const body = invalidFields([{ pointer: '', code: 'wrong_type', detail: 'must be an object' }]);
  expect(body.problem.detail).toBe('The request must be an object');
});

it('says when to come back, where coming back helps', () => {
  expect(tooManyRequests('queue_full', 'Full.', 5)).toMatchObject({
    problem: { status: 429, code: 'queue_full' },
    headers: { 'retry-after': '5' },
  });
  expect(unavailable()).toMatchObject({ problem: { status: 503 }, headers: { 'retry-after': '1' } });
});

it('has a title for each status it may carry', () => {
  for (const status of [400, 404, 409, 413, 415, 422, 429, 500, 503]) {
    expect(problem(status, 'x', 'y').title).not.toBe('Error');
  }
  expect(notFound('Gone.', 'expired').problem).toMatchObject({ status: 404, code: 'expired', title: 'Not found' });
});
