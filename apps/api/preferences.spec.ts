import { describe, expect, it } from 'vitest';
import { ProblemError } from '#contract/problem';
import { idempotencyKeyOf, cancelAfterMs, waitSecondsOf, waitSecondsOfQuery, wantsAsync } from './preferences.js';

describe('Prefer: wait', () => {
  it.each([
    [undefined, null],
    ['respond-async', null],
    ['wait', 60],
    ['wait=10', 10],
    ['wait=0', 0],
    ['wait="5"', 5],
    ['WAIT=5', 5],
    ['wait = 5', 5],
    ['wait=3600', 60],
    ['respond-async, wait=10', 10],
    ['wait=10; foo=bar', 10],
    [['respond-async', 'wait=7'], 7],
    // Not understood is not preferred (RFC 7240, section 2).
    ['wait=soon', null],
    ['wait=-1', null],
    ['awaiting', null],
    ['await=5', null],
  ])('%j asks for %j seconds', (header, seconds) => {
    expect(waitSecondsOf(header)).toBe(seconds);
  });
});

describe('?wait=', () => {
  it.each([
    [undefined, null],
    ['5', 5],
    ['0.5', 0.5],
    ['3600', 60],
  ])('%j asks for %j seconds', (query, seconds) => {
    expect(waitSecondsOfQuery(query)).toBe(seconds);
  });

  it.each(['', 'soon', '-1', '1e3', ['1', '2'], 'Infinity'])('%j is refused', (query) => {
    expect(() => waitSecondsOfQuery(query)).toThrow(ProblemError);
  });
});

describe('Idempotency-Key', () => {
  it.each([
    [undefined, null],
    ['order-4711', 'order-4711'],
    ['"order-4711"', 'order-4711'],
    [' k ', 'k'],
    ['"', '"'],
    ['x'.repeat(255), 'x'.repeat(255)],
  ])('%j is %j', (header, key) => {
    expect(idempotencyKeyOf(header)).toBe(key);
  });

  it.each(['', ' ', 'a b', 'x'.repeat(256), 'ä', 'a\u0000b', '"a b"'])('%j is refused with 400', (header) => {
    expect(() => idempotencyKeyOf(header)).toThrow(/Idempotency-Key must be/);
  });
});

describe('Cancel-After', () => {
  it.each([
    [undefined, null],
    ['90s', 90_000],
    ['90', 90_000],
    [' 1.5s ', 1_500],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['168h', 604_800_000],
    ['7d', 604_800_000],
  ])('%j is %j ms', (header, ms) => {
    expect(cancelAfterMs(header)).toBe(ms);
  });

  it.each(['', '0', '0s', '-1s', 'soon', '90 seconds', '8d', '169h', '1w', '1e3s', 'NaN', '1s, 2s'])(
    '%j is refused with 422',
    (header) => {
      expect(() => cancelAfterMs(header)).toThrow(/Cancel-After must be a duration/);
    },
  );
});

it.each([
  ['respond-async', true],
  ['wait=10, Respond-Async', true],
  ['respond-async;x=1', true],
  ['respond-asynchronously', false],
  ['wait', false],
  [undefined, false],
])('Prefer: %s asks for an answer before the end: %s', (prefer, wants) => {
  expect(wantsAsync(prefer)).toBe(wants);
});
