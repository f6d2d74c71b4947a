import { expect, it } from 'vitest';
import { formatTraceparent, parseTraceparent } from './trace-context.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';

it.each([
  [`00-${TRACE}-${SPAN}-01`, true],
  [`00-${TRACE}-${SPAN}-00`, false],
  // Flags that nobody knows yet.
  [`00-${TRACE}-${SPAN}-03`, true],
  // A later version, which may say more.
  [`cc-${TRACE}-${SPAN}-01-what-comes-then`, true],
])('reads %s', (header, isSampled) => {
  const found = parseTraceparent(header);
  expect(found).toEqual({ traceId: TRACE, spanId: SPAN, isSampled });
  expect(found === null ? '' : formatTraceparent(found)).toBe(`00-${TRACE}-${SPAN}-${isSampled ? '01' : '00'}`);
});

it.each([
  undefined,
  '',
  'x',
  `ff-${TRACE}-${SPAN}-01`,
  `00-${TRACE}-${SPAN}-01-more`,
  `00-${TRACE}-${SPAN}-1`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${'0'.repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `cc-${TRACE}-${SPAN}-01-${'x'.repeat(300)}`,
  `00-${TRACE}-${SPAN}-01\n`,
  [`00-${TRACE}-${SPAN}-01`],
])('ignores %j', (header) => {
  expect(parseTraceparent(header)).toBeNull();
});
