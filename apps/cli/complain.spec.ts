import { expect, it } from 'vitest';
import { MillraceError, MillraceUnreachableError } from '#client/millrace-client';
import { CliError } from './cli-error.js';
import { linesOf } from './complain.js';

it('shows one sentence for what a person can mend, with the fields that are wrong', () => {
  expect(linesOf(new CliError('Port 3000 is taken.'))).toEqual(['Port 3000 is taken.']);
  const problem = { title: 'Unprocessable Content', status: 422, detail: '/version is unknown' };
  const errors = [{ pointer: '/version', code: 'unknown_version', detail: 'is unknown' }];
  expect(linesOf(new MillraceError({ ...problem, errors }, null))).toEqual(['/version is unknown']);
});

it('shows a wrong input field by field', () => {
  const errors = [
    { pointer: '/input/a', code: 'missing_field', detail: 'is required' },
    { pointer: '/input/b', code: 'unknown_field', detail: 'is no field' },
  ];
  expect(linesOf(new MillraceError({ title: 'Unprocessable Content', status: 422, errors }, null))).toEqual([
    'The input does not fit the model.',
    '  /input/a is required',
    '  /input/b is no field',
  ]);
});

it('says how to get a fleet when there is none', () => {
  const [line] = linesOf(new MillraceUnreachableError('http://127.0.0.1:3000'));
  expect(line).toBe(
    'No Millrace answers at http://127.0.0.1:3000: start a fleet with "npm start", or name another with --url.',
  );
});

it('shows where a bug is', () => {
  expect(linesOf(new TypeError('x is not a function'))[0]).toContain('complain.spec.ts');
  expect(linesOf('thrown text')).toEqual(['thrown text']);
});
