import { describe, expect, it } from 'vitest';
import { isFull, isUnavailable, QueueUnavailableError } from './connection.js';

describe('what Redis and its client say', () => {
  it.each([
    "OOM command not allowed when used memory > 'maxmemory'.",
    "ReplyError: OOM command not allowed when used memory > 'maxmemory'. script: 1f, on @user_script:3.",
    'MISCONF Errors writing to the AOF file: No space left on device',
  ])('no room: %s', (message) => {
    expect([isFull(new Error(message)), isUnavailable(new Error(message))]).toEqual([true, false]);
  });

  it.each([
    'Connection is closed.',
    'Command timed out',
    'Reached the max retries per request limit (which is 1). Refer to "maxRetriesPerRequest" option for details.',
    'connect ECONNREFUSED 127.0.0.1:6379',
    'read ECONNRESET',
    "Stream isn't writeable and enableOfflineQueue options is false",
    'LOADING Redis is loading the dataset in memory',
    "READONLY You can't write against a read only replica.",
    'CLUSTERDOWN The cluster is down',
    'NOSCRIPT No matching script. Please use EVAL.',
  ])('away: %s', (message) => {
    expect([isFull(new Error(message)), isUnavailable(new Error(message))]).toEqual([false, true]);
  });

  it('a bug is neither', () => {
    for (const error of [
      new Error('WRONGTYPE Operation against a key'),
      new TypeError('x is not a function'),
      'x',
      null,
    ]) {
      expect([isFull(error), isUnavailable(error)]).toEqual([false, false]);
    }
    expect(isUnavailable(new QueueUnavailableError())).toBe(true);
  });
});
