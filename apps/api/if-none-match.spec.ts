import { expect, it } from 'vitest';
import { hasAlready } from './if-none-match.js';

const TAG = 'W/"p1-queued-0-0"';

it.each([
  ['the tag as it was answered', TAG],
  ['the same tag, strong', '"p1-queued-0-0"'],
  ['anything', '*'],
  ['anything, with space around it', ' * '],
  ['a list', `W/"p1-running-5-1", ${TAG}`],
  ['a list without spaces', `"a",${TAG},"b"`],
  ['a list with an empty member', `, ,${TAG}`],
  ['a list of which one has a comma', `"a, b", ${TAG}`],
])('finds %s', (_, header) => {
  expect(hasAlready(header, TAG)).toBe(true);
});

it.each([
  ['no header', undefined],
  ['an empty one', ''],
  ['another tag', 'W/"p1-running-5-1"'],
  ['a tag that begins alike', 'W/"p1-queued-0-0-and-more"'],
  ['a tag without quotes', 'p1-queued-0-0'],
  ['a star among tags', '"a", *'],
  ['a star in quotes', '"*"'],
])('does not take %s for it', (_, header) => {
  expect(hasAlready(header, TAG)).toBe(false);
});
