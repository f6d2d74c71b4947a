import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { expect, it } from 'vitest';
import { encodeMessage, readMessages } from './message-pipe.js';

/** What a reader makes of these chunks. */
async function read(...chunks: (string | Buffer)[]): Promise<{ messages: unknown[]; nonsense: number }> {
  const stream = new PassThrough();
  const messages: unknown[] = [];
  let nonsense = 0;
  readMessages(stream, { onMessage: (message) => messages.push(message), onNonsense: () => (nonsense += 1) });
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await finished(stream);
  return { messages, nonsense };
}

it('puts messages together, however the pipe has cut them', async () => {
  const bytes = Buffer.from(encodeMessage({ a: 'é' }) + encodeMessage({ b: [1, 2] }) + '{"half":');
  const one = Array.from(bytes, (byte) => Buffer.from([byte]));
  expect(await read(...one)).toEqual({ messages: [{ a: 'é' }, { b: [1, 2] }], nonsense: 0 });
  expect(await read(bytes)).toEqual({ messages: [{ a: 'é' }, { b: [1, 2] }], nonsense: 0 });
});

it('says once that bytes are no JSON, and reads nothing behind them', async () => {
  const garbage = Buffer.from([0xff, 0x00, 0x7b, 0x0a]);
  const good = encodeMessage({ a: 1 });
  expect(await read(good, garbage, good, garbage)).toEqual({ messages: [{ a: 1 }], nonsense: 1 });
});
