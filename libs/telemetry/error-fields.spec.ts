import { expect, it } from 'vitest';
import { errorFields, errorFieldsWithStack } from './error-fields.js';

function reply(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError', command: { args: ['secret'] } });
}

it('names the code of an error, of the system and of Redis alike', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6379'), { code: 'ECONNREFUSED' });
  expect(errorFields(refused)).toEqual({
    type: 'Error',
    code: 'ECONNREFUSED',
    message: 'connect ECONNREFUSED 127.0.0.1:6379',
  });
  expect(errorFields(reply('OOM command not allowed when used memory > maxmemory'))).toMatchObject({ code: 'OOM' });
  expect(errorFields(new Error('no code'))).toEqual({ type: 'Error', message: 'no code' });
});

it.each([
  reply("ERR unknown command 'evalsha', with args beginning with: 'secret' 'secret'"),
  new Error('cannot reach redis://user:secret@10.0.0.1:6379/0'),
  new Error('POST https://example.com/hook?token=secret failed'),
  failure(() => void JSON.parse('{"card": secret}')),
])('does not repeat what an error was about: %s', (error) => {
  expect(error.message).toContain('secret');
  expect(JSON.stringify(errorFieldsWithStack(error))).not.toContain('secret');
  expect(errorFieldsWithStack(error).stack).toContain('error-fields.spec');
});

it('says that what was thrown is no error, and not what it is', () => {
  expect(errorFieldsWithStack('secret')).toEqual({
    type: 'string',
    message: 'A value that is not an Error was thrown.',
  });
});

function failure(work: () => void): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not fail');
}
