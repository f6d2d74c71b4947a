import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { expect, it } from 'vitest';
import type { RowResult } from '#contract/executor-protocol';
import { answersIn, encodeMessage, encodeRan, encodeRun, readMessages } from './message-pipe.js';

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

it('tells apart the lines of a chunk that ends one, holds others and begins the next', async () => {
  const chunks = ['{"a":', '', '[1,', '2]}\n{"b":1}\n{"c":1}\n{"d', '":1}', '\n', '{"e":1}\n'];
  const messages = [{ a: [1, 2] }, { b: 1 }, { c: 1 }, { d: 1 }, { e: 1 }];
  expect(await read(...chunks)).toEqual({ messages, nonsense: 0 });
  expect(await read('{"a":1}', '\n\n', '{"b":1}\n')).toEqual({ messages: [{ a: 1 }], nonsense: 1 });
});

it('reads a large line in a time that grows with its length and not with the square of it', async () => {
  const line = Buffer.from(encodeMessage({ a: 'y'.repeat(16 * 1_048_576) }));
  const chunkBytes = 65_536;
  const chunks = Array.from({ length: Math.ceil(line.length / chunkBytes) }, (_, i) =>
    line.subarray(i * chunkBytes, (i + 1) * chunkBytes),
  );
  const began = performance.now();
  expect((await read(...chunks)).messages).toHaveLength(1);
  // Half a second on two busy cores, where it took eighteen with the square of its length.
  expect(performance.now() - began).toBeLessThan(5_000);
});

const STAGES = { preprocessMs: 1, runMs: 2, postprocessMs: 3 };

it('passes each output on as the text that the executor wrote, whatever stands in it', async () => {
  const outputs = [{ value: 0.1 }, { label: 'a\t,\t{"output":"\n"}', score: 1 }, { nested: [[1], ['\t']] }];
  const results = [...outputs.map((output) => ({ output })), { failure: { code: 'invalid_output', message: '\t' } }];
  const line = encodeRan({ batch: 7, results: results as readonly RowResult[], stages: STAGES });
  expect((await read(line)).messages).toEqual([{ kind: 'ran', batch: 7, results, stages: STAGES }]);
  expect(answersIn(line.trimEnd(), results as readonly RowResult[])).toEqual([
    ...outputs.map((output) => ({ outputJson: JSON.stringify(output) })),
    results[3],
  ]);
});

it('makes the text of an output anew where the executor wrote it otherwise', () => {
  const results = [{ output: { value: 1 } }];
  const line = JSON.stringify({ kind: 'ran', batch: 1, results, stages: STAGES });
  expect(answersIn(line, results)).toEqual([{ outputJson: '{"value":1}' }]);
});

it('hands inputs on as they are', async () => {
  const line = encodeRun(3, 'f'.repeat(64), ['[1,2]', '{"a":"\\n"}']);
  const inputs = [[1, 2], { a: '\n' }];
  expect((await read(line)).messages).toEqual([{ kind: 'run', batch: 3, versionId: 'f'.repeat(64), inputs }]);
});
