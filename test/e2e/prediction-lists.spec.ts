/** A client finds its own predictions again: all of them, newest first, in pages that neither miss nor repeat one. */
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { parsePredictionId } from '#domain/prediction-id';
import { Catalogue } from '#queue/catalogue';
import type { FleetProcess } from '#testing/fleet';
import type { Body } from '#testing/http';
import { irisRows, sendBatch } from '#testing/batches';
import { Caller } from '#testing/keys';
import { shipped } from '#testing/models';
import { forEach, get, IRIS, post, predict, submit } from '#testing/predictions';
import { withRedis } from '#testing/redis-server';
import { fleetFor, fleetOfTest } from '../stage.js';

type Lister = Pick<Caller, 'call'>;

async function page(who: Lister, query = ''): Promise<Body> {
  const { status, json, text } = await who.call('GET', `/v1/predictions${query}`);
  if (status !== 200) throw new Error(`a list was answered with ${status}: ${text}`);
  return json;
}

/** Follows `next` as it stands. */
async function pages(who: Lister, query: string): Promise<string[][]> {
  const all: string[][] = [];
  for (let path: string | null = query; path !== null;) {
    const { next, results }: Body = await page(who, path);
    all.push(results.map(({ id }) => id));
    path = next === null ? null : new URL(next).search;
  }
  return all;
}

describe('a client that sends much', () => {
  const fleet = fleetFor('file');
  let api: FleetProcess;
  let sent: string[];

  beforeAll(async () => {
    api = await fleet.api();
    // Many at once share envelopes; some come alone.
    sent = await forEach(Array.from({ length: 120 }), 40, () => submit(api, IRIS));
    for (let i = 0; i < 5; i += 1) sent.push(await submit(api, IRIS));
  });

  it('has each of them once, whatever the size of a page', async () => {
    for (const limit of [7, 50, 100]) {
      const got = await pages(api, `?limit=${limit}`);
      expect(got.flat()).toHaveLength(sent.length);
      expect(new Set(got.flat())).toEqual(new Set(sent));
      expect(got.slice(0, -1).every((ids) => ids.length === limit)).toBe(true);
    }
  });

  it('has the newest first, each as `GET` shows it', async () => {
    const { results, previous } = await page(api);
    expect(previous).toBeNull();
    expect(results).toHaveLength(100);
    expect(results.slice(0, 5).map(({ id }) => id)).toEqual(sent.slice(-5).reverse());
    const times = results.map(({ created_at }) => Date.parse(created_at));
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect(results[3]).toEqual(await get(api, results[3]!.id));
  });

  it('writes one entry for an envelope, not one for a prediction', async () => {
    const entries = await withRedis(inject('redisUrl'), (redis) =>
      redis.zcard(new Catalogue(fleet.settings['REDIS_PREFIX'] ?? '').clientIndexKey('local')),
    );
    expect(entries).toBe(new Set(sent.map((id) => parsePredictionId(id)?.envelopeId)).size);
    expect(entries).toBeLessThan(sent.length);
  });

  it('finds those of a span of time', async () => {
    const { results } = await page(api);
    const [from, to] = [results[60]!.created_at, results[2]!.created_at];
    const found = (await pages(api, `?created_after=${from}&created_before=${to}&limit=9`)).flat();
    const all = (await pages(api, '')).flat();
    const inside = await forEach(all, 10, (id) => get(api, id));
    const wanted = inside.filter(({ created_at }) => created_at >= from && created_at < to);
    expect(found).toEqual(wanted.map(({ id }) => id));
    expect(found.length).toBeGreaterThan(0);
  });

  it('is told what is wrong with a question', async () => {
    for (const query of ['limit=0', 'limit=101', 'status=done', 'created_after=soon', 'cursor=x', 'modell=iris']) {
      const { status, json } = await api.call('GET', `/v1/predictions?${query}`);
      expect([query, status]).toEqual([query, 422]);
      expect(json.errors[0]!.pointer).toBe(`/${query.split('=')[0] ?? ''}`);
    }
    expect((await api.call('GET', '/v1/predictions?created_after=2026-02-31T00:00:00Z')).status).toBeLessThan(500);
  });
});

describe('with workers', () => {
  it('filters by model and by status, and leaves rows of batches to their batch', async () => {
    const fleet = fleetOfTest();
    const { api } = await fleet.pair();
    const { golden } = await shipped('churn');
    const churn = (await predict(api, { version: 'churn', input: golden[0]!.input })).id;
    const iris = (await predict(api, IRIS)).id;
    const low = (await post(api, { ...IRIS, priority: 'low' }, { prefer: 'wait=30' })).json.id;
    await sendBatch(api, { body: irisRows(3) });

    expect(await pages(api, '')).toEqual([[low, iris, churn]]);
    expect(await pages(api, '?model=churn')).toEqual([[churn]]);
    expect(await pages(api, '?model=millrace/iris')).toEqual([[low, iris]]);
    expect(await pages(api, '?model=other/iris')).toEqual([[]]);
    expect(await pages(api, '?status=succeeded')).toEqual([[low, iris, churn]]);
    expect(await pages(api, '?status=failed')).toEqual([[]]);
  });

  it('forgets what is no longer kept', async () => {
    const fleet = fleetOfTest({ RESULT_TTL_SECONDS: '1' });
    const { api } = await fleet.pair();
    const { id } = await predict(api, IRIS);
    await expect.poll(async () => (await get(api, id)).code, { timeout: 30_000 }).toBe('expired');
    expect(await pages(api, '')).toEqual([[]]);
  });
});

it('shows nobody the predictions of another client, also where they share an envelope', async () => {
  const fleet = fleetOfTest({ AUTH: 'on' });
  const api = await fleet.api();
  const admin = new Caller(api, await api.firstKey());
  const [shop, bank] = [await admin.make(['predict']), await admin.make(['predict'])];
  const sent = await forEach(Array.from({ length: 40 }), 40, async (_, i) => {
    const who = i % 2 === 0 ? shop : bank;
    return (await who.call('POST', '/v1/predictions', { body: IRIS })).json.id;
  });
  const own = (remainder: number): Set<string> => new Set(sent.filter((_, i) => i % 2 === remainder));
  expect(new Set((await pages(shop, '?limit=6')).flat())).toEqual(own(0));
  expect(new Set((await pages(bank, '')).flat())).toEqual(own(1));
  expect(await pages(admin, '')).toEqual([[]]);
});
