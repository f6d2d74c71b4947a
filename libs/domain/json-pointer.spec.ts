import { expect, it } from 'vitest';
import { escapePointerPart, unescapePointerPart } from './json-pointer.js';

it.each([
  ['plain', 'plain'],
  ['a/b', 'a~1b'],
  ['m~n', 'm~0n'],
  ['~1', '~01'],
])('writes %s as %s, and reads it back', (name, escaped) => {
  expect(escapePointerPart(name)).toBe(escaped);
  expect(unescapePointerPart(escaped)).toBe(name);
});
