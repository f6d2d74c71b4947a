import { expect, it } from 'vitest';
import { encodeEvent } from './event-stream.js';

it('an event is its name, its id, and its data line by line', () => {
  expect(encodeEvent({ event: 'output', id: 'p1-output', data: '{"a":1}' })).toBe(
    'event: output\nid: p1-output\ndata: {"a":1}\n\n',
  );
  // A line end in the data would end the field, and two of them the event.
  expect(encodeEvent({ event: 'error', id: 'x', data: 'a\n\nevent: done\rb\r\nc' })).toBe(
    'event: error\nid: x\ndata: a\ndata: \ndata: event: done\ndata: b\ndata: c\n\n',
  );
});
