import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type FailureCode, formatFailure, parseFailure } from './failure.js';

const CODES: FailureCode[] = [
  'model_error',
  'invalid_output',
  'crashed',
  'timeout',
  'worker_lost',
  'executor_unavailable',
  'internal',
];

it('survives the one line in which a failed job keeps it, whatever the message says', () => {
  fc.assert(
    fc.property(fc.constantFrom(...CODES), fc.string(), (code, message) => {
      expect(parseFailure(formatFailure({ code, message }))).toEqual({ code, message });
    }),
  );
});

// BullMQ and Redis write reasons of their own; they may hold paths and addresses.
it.each(['', 'connect ECONNREFUSED 10.0.0.1:6379', 'Error: boom', 'toString: x', 'crashed', ': x'])(
  'shows nothing of the foreign reason "%s"',
  (text) => {
    const failure = parseFailure(text);
    expect(failure.code).toBe('internal');
    expect(failure.message).toBe('The prediction failed for a reason inside the service.');
  },
);
