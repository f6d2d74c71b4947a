import { expect, it } from 'vitest';
import { MillraceError, MillraceUnreachableError } from '#client/millrace-client';
import { CliError } from './cli-error.js';
import { linesOf } from './complain.js';

it('shows one sentence for what a person can mend, with the fields that are wrong', () => {
  expect(linesOf(new CliError('Port 3000 is taken.'))).toEqual(['Port 3000 is taken.']);
  const problem = { title: 'Unprocessable Content', status: 422, detail: '/overlap_seconds is unknown' };
  const errors = [{ pointer: '/overlap_seconds', code: 'unknown', detail: 'is unknown' }];
  expect(linesOf(new MillraceError({ ...problem, errors }, null))).toEqual(['/overlap_seconds is unknown']);
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

it('says at a terminal what a key is given with', () => {
  const detail = 'This route needs an API key: Authorization: Bearer mr_live_...';
  const problem = { title: 'Unauthorized', status: 401, code: 'no_key', detail };
  const [line] = linesOf(new MillraceError(problem, null));
  expect(line).toMatch(/^This route needs an API key.* Set MILLRACE_API_KEY, or MILLRACE_API_KEY_FILE, /);
});

it('names a word of the command line without a pointer', () => {
  const saidOf = (pointer: string): string[] => {
    const problem = { title: 'Unprocessable Content', status: 422, detail: `${pointer} must be short` };
    const errors = [{ pointer, code: 'invalid', detail: 'must be short' }];
    return linesOf(new MillraceError({ ...problem, errors }, null));
  };
  expect(saidOf('/id')).toEqual(['The id must be short']);
  expect(saidOf('/version')).toEqual(['The model or its version must be short']);
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
