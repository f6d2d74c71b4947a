import { afterEach, beforeEach, expect, it } from 'vitest';
import { jsonAnswer as json, ScriptedServer, type ScriptedAnswer } from '#testing/scripted-server';
import { MillraceClient, MillraceUnreachableError } from './millrace-client.js';

let server: ScriptedServer;
let client: MillraceClient;

beforeEach(async () => {
  server = await new ScriptedServer().start();
  client = new MillraceClient({ url: server.url });
});

afterEach(() => server.stop());

const batch = (status: string, ended: number, total = 3): ScriptedAnswer =>
  json(200, { id: 'b1', status, request_counts: { total, completed: ended, failed: 0, not_run: 0 } });
const row = (index: number): string => `${JSON.stringify({ index, id: `r${index}`, custom_id: null, output: 'ä' })}\n`;
const rows = (...indexes: number[]): ScriptedAnswer => ({ status: 200, body: indexes.map(row).join('') });

async function indexesOf(after?: number): Promise<number[]> {
  const indexes: number[] = [];
  const options = after === undefined ? {} : { after };
  for await (const { index } of client.batchResults('b1', options)) indexes.push(index);
  return indexes;
}

it('come in order while the batch runs, and go on behind the last', async () => {
  server.answers = [batch('in_progress', 0), rows(0), batch('in_progress', 1), rows(1), batch('completed', 3), rows(2)];
  expect(await indexesOf()).toEqual([0, 1, 2]);
  const asked = server.seen.filter(({ url }) => url.includes('results')).map(({ url }) => url);
  expect(asked.map((url) => url.replace('/v1/batches/b1/results', ''))).toEqual(['', '?after=0', '?after=1']);
});

it('a row that broke off is read again, whole', async () => {
  server.answers = [
    batch('completed', 3),
    { status: 200, body: row(0) + row(1).slice(0, 20), breaksOff: true },
    batch('completed', 3),
    rows(1, 2),
  ];
  expect(await indexesOf()).toEqual([0, 1, 2]);
});

it('begin behind a row that one has', async () => {
  server.answers = [batch('completed', 3), rows(2)];
  expect(await indexesOf(1)).toEqual([2]);
  expect(server.seen[1]!.url).toBe('/v1/batches/b1/results?after=1');
});

it('of a batch that was canceled come when its rows have been let go of', async () => {
  server.answers = [batch('canceled', 1), rows(0), batch('canceled', 3), rows(1, 2)];
  expect(await indexesOf()).toEqual([0, 1, 2]);
});

it('that break off without a single row are given up', async () => {
  for (let tries = 0; tries < 3; tries += 1) {
    server.answers.push(batch('completed', 3), { status: 200, body: '{"ind', breaksOff: true });
  }
  await expect(indexesOf()).rejects.toThrow(MillraceUnreachableError);
});
