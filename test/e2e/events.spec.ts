/**
 * Who follows a prediction or a batch hears what happens when it happens, each thing once, and that it is over. A reader
 * that was cut off goes on where it was, at whichever process.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { type BatchBody, irisRows, sendBatch } from '#testing/batches';
import { EventReader } from '#testing/event-reader';
import type { FleetProcess } from '#testing/fleet';
import { bearer, Caller } from '#testing/keys';
import { copySlowModel, SLOW_MODELS_DIR } from '#testing/models';
import { until } from '#testing/patience';
import { ended, get, IRIS, post, predict, submit } from '#testing/predictions';
import { fleetFor, fleetOfTest } from '../stage.js';

/** A part of a second. */
const BRIEF = { version: 'slow', input: { size: 900 } };
/** Minutes. */
const LONG = { version: 'slow', input: { size: 4_000 } };

function follow(api: FleetProcess, id: string, headers: Record<string, string> = {}): Promise<EventReader> {
  return EventReader.open(`${api.url}/v1/predictions/${id}/events`, headers);
}

describe('before any worker lives', () => {
  const fleet = fleetFor('file');
  let api: FleetProcess;

  beforeAll(async () => {
    api = await fleet.api();
  });

  it('a cancel is told at once, and nothing of it was a start or an output', async () => {
    const id = await submit(api, IRIS);
    const reader = await follow(api, id);
    expect(reader.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(reader.headers.get('cache-control')).toMatch(/no-store/);
    const { json } = await api.call('POST', `/v1/predictions/${id}/cancel`);
    expect(await reader.all()).toEqual(['completed', 'done']);
    // Sooner than whoever looks every two seconds would find out for sure.
    expect(Date.now() - Date.parse(json.completed_at!)).toBeLessThan(2_000);
    expect(JSON.parse(reader.events[0]!.data)).toEqual(await get(api, id));
    expect(reader.events[1]!.data).toBe('{"reason":"canceled"}');
  });

  it('a deadline is told when it comes', async () => {
    const { id } = (await post(api, IRIS, { 'cancel-after': '2s' })).json;
    const reader = await follow(api, id);
    expect(await reader.all()).toEqual(['completed', 'done']);
    expect(JSON.parse(reader.events[0]!.data)).toMatchObject({ status: 'aborted' });
  });

  it('a line on which nothing happens is kept open', async () => {
    const reader = await follow(api, await submit(api, IRIS));
    await until(() => reader.text.includes(': heartbeat\n\n'), { deadlineMs: 30_000, what: 'a heartbeat' });
    expect(reader.events).toEqual([]);
    reader.leave();
  });

  it('who reads no more is forgotten', async () => {
    const id = await submit(api, IRIS);
    const readers = await Promise.all(Array.from({ length: 20 }, () => follow(api, id)));
    for (const reader of readers) reader.leave();
    // A process that still had readers would not end: `fleet.end` sees to that.
    await api.call('POST', `/v1/predictions/${id}/cancel`);
    expect(await (await follow(api, id)).all()).toEqual(['completed', 'done']);
  });

  it('what does not exist has no stream', async () => {
    for (const route of ['predictions/none', `predictions/p${'0'.repeat(32)}`, 'batches/none']) {
      const { status, json } = await api.call('GET', `/v1/${route}/events`);
      expect([route, status, json.code]).toEqual([route, 404, 'not_found']);
    }
  });
});

describe('with workers', () => {
  const fleet = fleetFor('file');
  let api: FleetProcess;
  let other: FleetProcess;
  const settings = { MODELS_DIR: SLOW_MODELS_DIR };

  beforeAll(async () => {
    other = fleet.launch('api', settings);
    ({ api } = await fleet.pair(settings));
    await other.ready();
  });

  it('start, output and end are told while it runs, and at another process than took it', async () => {
    const id = await submit(api, BRIEF);
    const reader = await follow(other, id);
    const start = await reader.heard('start');
    expect(JSON.parse(start.data)).toMatchObject({ id, status: 'processing', output: null });
    expect(await reader.all()).toEqual(['start', 'output', 'completed', 'done']);
    expect(reader.events.map((event) => event.id)).toEqual(
      ['start', 'output', 'completed', 'done'].map((event) => `${id}-${event}`),
    );
    const final = await get(other, id);
    expect(JSON.parse(reader.events[1]!.data)).toEqual(final.output);
    expect(JSON.parse(reader.events[2]!.data)).toEqual(final);
    expect(reader.events[3]!.data).toBe('{}');
  });

  it('a reader that was cut off goes on behind what it has, and is sent away from the end', async () => {
    const id = await submit(api, BRIEF);
    await ended(api, id);
    const after = async (event: string): Promise<string[]> =>
      (await follow(other, id, { 'last-event-id': `${id}-${event}` })).all();
    expect(await (await follow(api, id)).all()).toEqual(['start', 'output', 'completed', 'done']);
    expect(await after('start')).toEqual(['output', 'completed', 'done']);
    expect(await after('completed')).toEqual(['done']);
    // An id that is none of this stream's says nothing.
    expect(await after('nonsense')).toHaveLength(4);
    expect((await follow(api, id, { 'last-event-id': `${id}-done` })).status).toBe(204);
  });

  it('a failure has its sentence', async () => {
    const hasty = fleetOfTest({ MODELS_DIR: await copySlowModel((manifest) => (manifest.timeout_ms = 500)) });
    const { api: door } = await hasty.pair();
    const reader = await follow(door, await submit(door, LONG));
    expect(await reader.all(60_000)).toEqual(['start', 'completed', 'error', 'done']);
    const { error } = JSON.parse(reader.events[1]!.data) as { readonly error: string };
    expect(reader.events[2]!.data).toBe(error);
    expect(reader.events[3]!.data).toBe('{"reason":"error"}');
  });

  it('a process that stops ends its streams, and the reader goes on at another one', async () => {
    const leaving = await fleet.launch('api', settings).ready();
    const id = await submit(api, LONG);
    const reader = await follow(leaving, id);
    await reader.heard('start');
    await leaving.stop();
    expect(await reader.all()).toEqual(['start']);
    const again = await follow(other, id, { 'last-event-id': reader.events[0]!.id });
    await other.call('POST', `/v1/predictions/${id}/cancel`);
    expect(await again.all()).toEqual(['completed', 'done']);
  });
});

describe('a batch', () => {
  const fleet = fleetFor('file');
  let api: FleetProcess;

  beforeAll(async () => {
    api = await fleet.api();
  });

  const followBatch = (id: string, headers: Record<string, string> = {}): Promise<EventReader> =>
    EventReader.open(`${api.url}/v1/batches/${id}/events`, headers);

  it('tells of its progress, of its end, and goes on where a reader was', async () => {
    const { json } = await sendBatch(api, { body: irisRows(3_000) });
    const reader = await followBatch(json.id);
    const first = await reader.heard('progress');
    expect(JSON.parse(first.data)).toMatchObject({ id: json.id, status: 'in_progress', progress: 0 });
    await fleet.worker();
    const names = await reader.all(60_000);
    expect(names.slice(-2)).toEqual(['completed', 'done']);
    expect(new Set(names.slice(0, -2))).toEqual(new Set(['progress']));
    const shown = reader.events.slice(0, -1).map(({ data }) => JSON.parse(data) as BatchBody);
    const counts = shown.map(({ request_counts: { completed } }) => completed);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(shown.at(-1)).toEqual((await api.call('GET', `/v1/batches/${json.id}`)).json);
    expect(json.urls.stream).toBe(`${json.urls.get}/events`);

    expect(await (await followBatch(json.id)).all()).toEqual(['completed', 'done']);
    const behind = { 'last-event-id': `${json.id}-completed` };
    expect(await (await followBatch(json.id, behind)).all()).toEqual(['done']);
    expect((await followBatch(json.id, { 'last-event-id': `${json.id}-done` })).status).toBe(204);
  });

  it('tells of its cancel', async () => {
    const { json } = await sendBatch(api, { body: irisRows(20_000) });
    const reader = await followBatch(json.id);
    await api.call('POST', `/v1/batches/${json.id}/cancel`);
    expect((await reader.all()).slice(-2)).toEqual(['completed', 'done']);
  });
});

describe('with keys', () => {
  it('the address of a stream opens this stream without a header, and nothing else', async () => {
    const fleet = fleetOfTest({ AUTH: 'on' });
    const { api } = await fleet.pair();
    const admin = new Caller(api, await api.firstKey());
    const [shop, bank] = [await admin.make(['predict'], 'shop'), await admin.make(['predict'], 'bank')];
    const create = async (): Promise<{ id: string; urls: { get: string; cancel: string; stream: string } }> =>
      (await shop.call('POST', '/v1/predictions', { body: IRIS, headers: { prefer: 'wait=30' } })).json;
    const [one, two] = [await create(), await create()];
    const token = new URL(one.urls.stream).search;
    expect(await (await EventReader.open(one.urls.stream)).all()).toContain('done');
    expect(await (await EventReader.open(`${one.urls.get}/events`, bearer(shop.key))).all()).toContain('done');

    const statusOf = async (url: string, headers: Record<string, string> = {}): Promise<number> =>
      (await EventReader.open(url, headers)).status;
    expect(await statusOf(`${one.urls.get}/events`)).toBe(401);
    expect(await statusOf(`${two.urls.get}/events${token}`)).toBe(401);
    expect(await statusOf(`${one.urls.get}${token}`)).toBe(401);
    expect((await api.call('POST', `/v1/predictions/${one.id}/cancel${token}`)).status).toBe(401);
    const forged = one.urls.stream.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    expect(await statusOf(forged)).toBe(401);
    // Who sends a key is judged by the key.
    expect(await statusOf(one.urls.stream, bearer(bank.key))).toBe(404);

    // It ends with the key that it was made with.
    await admin.call('POST', `/v1/keys/${shop.id}/revoke`);
    await until(async () => (await statusOf(one.urls.stream)) === 401, {
      deadlineMs: 30_000,
      what: 'the token to end',
    });
  });

  it('a stream that is open ends with its key, and those of others stay', async () => {
    // Without a worker: nothing else ends them.
    const api = await fleetOfTest({ AUTH: 'on' }).api();
    const admin = new Caller(api, await api.firstKey());
    const callers = [await admin.make(['predict'], 'shop'), await admin.make(['predict'], 'bank')] as const;
    const open = async (caller: Caller): Promise<EventReader> => {
      const { json } = await caller.call('POST', '/v1/predictions', { body: IRIS });
      return EventReader.open((json as { urls: { stream: string } }).urls.stream);
    };
    const [shops, banks] = [await open(callers[0]), await open(callers[1])];
    expect([shops.status, banks.status]).toEqual([200, 200]);
    await admin.call('POST', `/v1/keys/${callers[0].id}/revoke`);
    expect(await shops.all()).not.toContain('done');
    expect(banks.isOver).toBe(false);
    banks.leave();
  });
});

it('an ended prediction of a moment ago can still be followed from its begin', async () => {
  const fleet = fleetOfTest();
  const { api } = await fleet.pair();
  const { id } = await predict(api, IRIS);
  expect(await (await follow(api, id)).all()).toEqual(['start', 'output', 'completed', 'done']);
});
