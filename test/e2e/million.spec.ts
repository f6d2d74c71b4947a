/** The night's work: a million rows in, a million answers out, each the right one and in its place. */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { batchEnded, irisRow, type ResultLine, sendBatch } from '#testing/batches';
import { predict } from '#testing/predictions';
import { fleetFor } from '../stage.js';

const ROWS = 1_000_000;
/** `irisRow` repeats itself after this many. */
const KINDS = 60;
/** Every so many rows one is not valid. */
const WRONG_EVERY = 10_000;
const ROWS_AT_ONCE = 2_000;

const fleet = fleetFor('test', { EXECUTORS: '1' });

const isWrong = (index: number): boolean => index % WRONG_EVERY === WRONG_EVERY - 1;

/** The body as it is made: nobody holds the whole of it. */
function rows(): ReadableStream<Uint8Array> {
  const valid = Array.from({ length: KINDS }, (_, index) => JSON.stringify(irisRow(index)));
  const wrong = JSON.stringify({ ...irisRow(0), petal_width: -1 });
  let next = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (next === ROWS) return controller.close();
      const lines: string[] = [];
      for (const end = next + ROWS_AT_ONCE; next < end; next += 1) {
        lines.push(isWrong(next) ? wrong : (valid[next % KINDS] ?? ''));
      }
      controller.enqueue(new TextEncoder().encode(`${lines.join('\n')}\n`));
    },
  });
}

it('a million rows come back, counted and in their order, each with its own answer', async () => {
  const { api } = await fleet.pair();
  const expected = await Promise.all(
    Array.from({ length: KINDS }, (_, index) => predict(api, { version: 'iris', input: irisRow(index) })),
  );
  const { status, json } = await sendBatch(api, { body: rows() });
  expect(status).toBe(201);
  const ended = await batchEnded(api, json.id, 600_000);
  const failed = ROWS / WRONG_EVERY;
  expect(ended).toMatchObject({
    status: 'completed',
    request_counts: { total: ROWS, completed: ROWS - failed, failed, not_run: 0 },
  });

  const response = await fetch(`${api.url}/v1/batches/${json.id}/results`);
  const wrong: string[] = [];
  let index = 0;
  for await (const text of createInterface({ input: Readable.fromWeb(response.body! as never) })) {
    const line = JSON.parse(text) as ResultLine;
    const right = isWrong(index)
      ? line.error?.code === 'invalid_input'
      : line.output?.label === expected[index % KINDS]?.output.label;
    if (line.index !== index || !right) wrong.push(text);
    index += 1;
  }
  expect([index, wrong]).toEqual([ROWS, []]);
}, 720_000);
