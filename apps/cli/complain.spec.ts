import { expect, it } from 'vitest';
import { MillraceError, MillraceUnreachableError } from '#client/millrace-client';
import { CliError } from './cli-error.js';
import { linesOf } from './complain.js';

it('shows one sentence for what a person can mend, with the fields that are wrong', () => {
  expect(linesOf(new CliError('Port 3000 is taken.'))).toEqual(['Port 3000 is taken.']);
  const errors = [{ pointer: '/input/a', code: 'missing_field', detail: 'is required' }];
  expect(linesOf(new MillraceError({ title: 'Wrong input', status: 422, errors }, null))).toEqual([
    'Wrong input',
    '  /input/a is required',
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
