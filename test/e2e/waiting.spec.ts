/**
 * Callers that wait: by `Prefer: wait`, by `GET ?wait=`, at the process that took the prediction or at another one.
 * Waiting is a courtesy and never a condition: without a worker the caller is answered in time, with what there is.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FleetProcess } from '#testing/fleet';
import { metric } from '#testing/http';
import { until } from '#testing/patience';
import { get, IRIS, post, submit } from '#testing/predictions';
import { fleetFor } from '../stage.js';

/** Far from the half minute and the minute of who waits for nothing, with room for a machine that has much to do. */
const IN_TIME_S = 10;

/** A prediction, whichever process was asked for it. */
const withoutUrls = ({ urls: _, ...rest }: Awaited<ReturnType<typeof get>>): object => rest;

const seconds = (sinceMs: number): number => (Date.now() - sinceMs) / 1_000;

describe('with a worker', () => {
  const fleet = fleetFor('file');
  let here: FleetProcess;
  let there: FleetProcess;

  beforeAll(async () => {
    const second = fleet.launch('api');
    ({ api: here } = await fleet.pair());
    there = await second.ready();
  });

  it.each(['wait', 'wait=10', 'respond-async, wait=10', 'WAIT=10', 'wait = "10"'])(
    'a post with `Prefer: %s` is answered with the outcome',
    async (prefer) => {
      const { status, headers, json } = await post(here, IRIS, { prefer });
      expect(status).toBe(201);
      expect(json).toMatchObject({ status: 'succeeded', output: { label: 'setosa' } });
      expect(headers.get('preference-applied')).toMatch(/^wait=(10|60)$/);
      // What the worker's message said is what everybody else reads.
      expect(json.attempts).toBe(1);
      expect(withoutUrls(await get(there, json.id))).toEqual(withoutUrls(json));
    },
  );

  it('a post without it is answered at once', async () => {
    const { headers, json } = await post(here, IRIS);
    expect(json).toMatchObject({ status: 'starting', attempts: 0 });
    expect(headers.has('preference-applied')).toBe(false);
  });

  it('a prediction posted at one API process is waited for at another', async () => {
    for (let i = 0; i < 20; i += 1) {
      const { status, headers, json } = await there.call('GET', `/v1/predictions/${await submit(here, IRIS)}?wait=10`);
      expect(status).toBe(200);
      expect(headers.get('preference-applied')).toBe('wait=10');
      expect(json.status).toBe('succeeded');
    }
  });

  it('a GET may wait by its header as well', async () => {
    const id = await submit(here, IRIS);
    const { headers, json } = await there.call('GET', `/v1/predictions/${id}`, { headers: { prefer: 'wait=10' } });
    expect(headers.get('preference-applied')).toBe('wait=10');
    expect(json.status).toBe('succeeded');
  });
});

describe('without a worker', () => {
  const fleet = fleetFor('file');
  let here: FleetProcess;
  let there: FleetProcess;

  beforeAll(async () => {
    there = fleet.launch('api');
    here = await fleet.api();
    await there.ready('degraded');
  });

  it('a post that waits is accepted, and answered as it stands when its time is over', async () => {
    const began = Date.now();
    const { status, headers, json } = await post(here, IRIS, { prefer: 'wait=1' });
    expect(status).toBe(201);
    expect(json.status).toBe('starting');
    expect(headers.get('preference-applied')).toBe('wait=1');
    expect(seconds(began)).toBeGreaterThanOrEqual(0.95);
    expect(seconds(began)).toBeLessThan(IN_TIME_S);
  });

  it('a GET that waits is answered as it stands when its time is over', async () => {
    const id = await submit(here, IRIS);
    const began = Date.now();
    expect(await get(here, id, '?wait=0.5')).toMatchObject({ id, status: 'starting' });
    expect(seconds(began)).toBeGreaterThanOrEqual(0.45);
    expect(seconds(began)).toBeLessThan(IN_TIME_S);
    expect(await get(here, id, '?wait=0')).toMatchObject({ id, status: 'starting' });
  });

  it.each(['-1', 'soon', '1e3', '', '1&wait=2'])('a GET that waits for `%s` is refused', async (wait) => {
    const { status, json } = await here.call('GET', `/v1/predictions/${await submit(here, IRIS)}?wait=${wait}`);
    expect(status).toBe(400);
    expect(json.code).toBe('invalid_query');
  });

  it('whoever waits, here or there, hears of a cancel at once', async () => {
    const id = await submit(here, IRIS);
    const began = Date.now();
    const waiting = [get(here, id, '?wait=30'), get(there, id, '?wait=30')];
    // Nobody can tell when they have begun to wait; a cancel that is first is answered at once as well.
    await here.call('POST', `/v1/predictions/${id}/cancel`);
    for (const prediction of await Promise.all(waiting)) expect(prediction).toMatchObject({ id, status: 'canceled' });
    expect(seconds(began)).toBeLessThan(IN_TIME_S);
  });

  it('a caller that waits is in flight until it is answered, or hangs up', async () => {
    const inFlight = (): Promise<number> => metric(here.opsUrl, 'millrace_http_requests_in_flight');
    const is = (count: number): Promise<unknown> =>
      until(async () => (await inFlight()) === count, { deadlineMs: 20_000, what: `${count} in flight` });
    await is(0);
    const hangUp = new AbortController();
    const waiting = fetch(`${here.url}/v1/predictions/${await submit(here, IRIS)}?wait=30`, { signal: hangUp.signal });
    const broken = expect(waiting).rejects.toThrow();
    await is(1);
    hangUp.abort();
    await broken;
    await is(0);
  });

  it('the first worker that comes ends the wait', async () => {
    const waiting = post(here, IRIS, { prefer: 'wait=30' });
    await fleet.worker();
    expect((await waiting).json).toMatchObject({ status: 'succeeded' });
  });
});
