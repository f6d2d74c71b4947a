import { expect, it } from 'vitest';
import { problem } from '#contract/problem';
import { protocolFields } from './error-faces.js';

const WRONG = problem(422, 'invalid_request', 'It is wrong.', [{ pointer: '/a', code: 'x', detail: 'is wrong' }]);

it.each(['/v2', '/v2/', '/v2/models/iris/infer', '/v2?x=1'])(
  '%s has an error of the Open Inference Protocol',
  (url) => {
    expect(protocolFields(url, WRONG)).toEqual({ error: 'It is wrong.' });
  },
);

it.each([
  [WRONG, 'invalid_request_error'],
  [problem(401, 'no_key', 'It is wrong.'), 'authentication_error'],
  [problem(403, 'missing_scope', 'It is wrong.'), 'permission_error'],
  [problem(429, 'queue_full', 'It is wrong.'), 'rate_limit_error'],
  [problem(503, 'queue_unavailable', 'It is wrong.'), 'server_error'],
])('routes of OpenAI have an error of theirs', (one, type) => {
  const error = { message: 'It is wrong.', type, param: one.errors?.[0]?.pointer ?? null, code: one.code };
  expect(protocolFields('/openai/v1/files', one)).toEqual({ error });
});

it.each(['/v1/predictions', '/v22', '/openai/v11', '/'])('%s has problems alone', (url) => {
  expect(protocolFields(url, WRONG)).toEqual({});
});
