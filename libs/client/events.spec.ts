import { afterEach, beforeEach, expect, it } from 'vitest';
import { ScriptedServer } from '#testing/scripted-server';
import { MillraceClient, type PredictionEvent } from './millrace-client.js';

let server: ScriptedServer;
let client: MillraceClient;

beforeEach(async () => {
  server = await new ScriptedServer().start();
  client = new MillraceClient({ url: server.url, key: 'k1' });
});

afterEach(() => server.stop());

const START = 'event: start\nid: p1-start\ndata: {"id":"p1",\ndata: "status":"processing"}\n\n';
const ERROR = 'event: error\nid: p1-error\ndata: It ran out of time.\ndata: Twice.\n\n';
const DONE = 'event: done\nid: p1-done\ndata: {"reason":"error"}\n\n';

it('are read until the end, comments left out and lines put together', async () => {
  server.answers = [{ status: 200, body: `retry: 2000\n\n: still here\n\n${START}${ERROR}${DONE}` }];
  const events: PredictionEvent[] = [];
  for await (const event of client.events('p1')) events.push(event);
  expect(events).toEqual([
    { id: 'p1-start', event: 'start', data: { id: 'p1', status: 'processing' } },
    { id: 'p1-error', event: 'error', data: 'It ran out of time.\nTwice.' },
    { id: 'p1-done', event: 'done', data: { reason: 'error' } },
  ]);
  expect(server.seen[0]!.headers).toMatchObject({ accept: 'text/event-stream', authorization: 'Bearer k1' });
});

it('go on behind the last whole one where the line breaks', async () => {
  server.answers = [
    { status: 200, body: `retry: 10\n\n${START}event: output\nid: p1-output\nda`, breaksOff: true },
    { status: 200, body: DONE },
  ];
  const names: string[] = [];
  for await (const { event } of client.events('p1')) names.push(event);
  expect(names).toEqual(['start', 'done']);
  expect(server.seen.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, 'p1-start']);
});

it('of what has been heard to its end are none', async () => {
  server.answers = [{ status: 204, body: '' }];
  for await (const event of client.events('p1', { after: 'p1-done' })) expect(event).toBeUndefined();
  expect(server.seen).toHaveLength(1);
});

it('can be left in their middle', async () => {
  const leaving = new AbortController();
  server.answers = [{ status: 200, body: START }];
  const hear = async (): Promise<void> => {
    for await (const { event } of client.events('p1', { signal: leaving.signal })) {
      expect(event).toBe('start');
      leaving.abort(new Error('enough'));
    }
  };
  await expect(hear()).rejects.toThrow('enough');
});
