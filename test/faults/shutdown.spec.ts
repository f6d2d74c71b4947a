/**
 * SIGTERM, as every deployment sends it: a process stops taking, finishes or hands back what it has, and ends with 0
 * within its deadline, whatever state Redis is in; nothing is lost, and nothing is repeated by a death that was none.
 */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { Catalogue } from '#queue/catalogue';
import { Fleet as LiveWorkers } from '#queue/fleet';
import type { FleetProcess, LogLine } from '#testing/fleet';
import { call, metric } from '#testing/http';
import { goldenWishes, wrongAbout } from '#testing/golden-work';
import { until } from '#testing/patience';
import { ended, forEach, get, IRIS, post, submit } from '#testing/predictions';
import { type TestRedis, withRedis } from '#testing/redis-server';
import { fleetFor, ownRedis } from '../stage.js';

let redis: TestRedis | null = null;
afterEach(async () => {
  await redis?.remove();
  redis = null;
});

const fleet = fleetFor('test');

const CLEAN = { code: 0, signal: null };

async function expectCleanStop(one: FleetProcess): Promise<void> {
  expect(await one.stop()).toEqual(CLEAN);
  expect(one.lines.at(-1)).toMatchObject({ msg: 'stopped' });
  expect(one.stderr).toBe('');
}

/** By its own log: milliseconds from the signal to its last word. */
function tookToStop({ lines }: FleetProcess): number {
  const timeOf = (line: LogLine | undefined): number => Date.parse(String(line?.['time']));
  return timeOf(lines.at(-1)) - timeOf(lines.find(({ msg }) => msg === 'stopping'));
}

describe('an API', () => {
  it('answers those who wait as things stand, and keeps what it has accepted', async () => {
    const api = await fleet.api();
    const waiting = Array.from({ length: 20 }, () => post(api, IRIS, { prefer: 'wait=60' }));
    const accepted = (): Promise<number> => metric(api.opsUrl, 'millrace_predictions_accepted_total');
    await until(async () => (await accepted()) === 20, { deadlineMs: 30_000, what: '20 callers to wait' });
    await expectCleanStop(api);

    const answers = await Promise.all(waiting);
    expect(answers.map(({ status, json }) => [status, json.status])).toEqual(answers.map(() => [201, 'starting']));
    const { api: next } = await fleet.pair();
    for (const { json } of answers) expect(await ended(next, json.id)).toMatchObject({ status: 'succeeded' });
  });

  it('serves what still comes on a connection that it had, and says that it closes', async () => {
    const api = await fleet.api();
    const { hostname, port } = new URL(api.url);
    const begun = [IRIS, { ...IRIS, input: {} }].map((wish) => {
      const body = JSON.stringify(wish);
      const head = `POST /v1/predictions HTTP/1.1\r\nHost: x\r\nPrefer: wait=60\r\nContent-Type: application/json`;
      const socket = connect(Number(port), hostname);
      socket.write(head);
      return { socket, rest: `\r\nContent-Length: ${body.length}\r\n\r\n${body}` };
    });
    // It has heard them when it has answered who came later.
    await submit(api, IRIS);
    api.signal('SIGTERM');
    const isClosed = (): Promise<boolean> =>
      api.call('GET', '/health').then(
        () => false,
        () => true,
      );
    await until(isClosed, { deadlineMs: 20_000, what: 'the API to take no new connections' });
    const answers = begun.map(({ socket, rest }) => (socket.write(rest), text(socket)));
    const [taken = '', refused = ''] = await Promise.all(answers);
    expect(taken).toMatch(/^HTTP\/1\.1 201 [^]*^connection: close\r$[^]*"status":"starting"/im);
    expect(refused).toMatch(/^HTTP\/1\.1 422 [^]*^connection: close\r$[^]*"code":"invalid_request"/im);
    expect(await api.exited).toEqual(CLEAN);
    expect(tookToStop(api)).toBeLessThan(5_000);
  });

  it('that stops under load has told the truth to everybody whom it has answered', async () => {
    const worker = fleet.launch('worker');
    const staying = fleet.launch('api');
    const api = await fleet.api();
    await worker.ready();
    await staying.ready();
    const ids: string[] = [];
    const others = new Set<string>();
    const work = forEach(Array.from({ length: 2_000 }), 20, async () => {
      try {
        const { status, json } = await post(api, IRIS);
        if (status === 201) ids.push(json.id);
        else others.add(String(status));
      } catch {
        others.add('refused'); // Nobody listens any more: the caller goes to another process.
      }
    });
    await until(() => ids.length > 300, { deadlineMs: 20_000, what: 'work to be under way' });
    await expectCleanStop(api);
    await work;
    expect([...others].filter((other) => !['503', 'refused'].includes(other))).toEqual([]);
    for (const final of await forEach(ids, 50, (id) => ended(staying, id))) {
      expect(final).toMatchObject({ status: 'succeeded' });
    }
  });
});

describe('a worker', () => {
  it('that stops in the middle of the work loses nothing, and another one goes on without waiting for a lock', async () => {
    const { api, worker } = await fleet.pair();
    const wishes = await goldenWishes(2_000);
    let accepted = 0;
    const submitted = forEach(wishes, 50, async (wish) => {
      const id = await submit(api, wish);
      accepted += 1;
      return id;
    });
    await until(() => accepted > 500, { deadlineMs: 20_000, what: 'work to be under way' });
    await expectCleanStop(worker);
    const ids = await submitted;

    const next = await fleet.worker();
    const finals = await forEach(ids, 50, (id) => ended(api, id));
    expect(finals.flatMap((final, i) => wrongAbout(wishes[i]!, final) ?? []).slice(0, 3)).toEqual([]);
    expect(await metric(next.opsUrl, 'millrace_envelopes_stalled_total')).toBe(0);
  });

  it('whose executor does not answer hands back what it holds at its deadline, and another one runs it', async () => {
    const { api, worker } = await fleet.pair({ SHUTDOWN_SECONDS: '3' });
    const executor = await worker.executor();
    process.kill(executor, 'SIGSTOP');
    const id = await submit(api, IRIS);
    const active = (): Promise<number> => metric(api.opsUrl, 'millrace_queue_jobs', { model: 'iris', state: 'active' });
    await until(async () => (await active()) === 1, { deadlineMs: 30_000, what: 'the worker to hold it' });
    expect(await worker.stop()).toEqual(CLEAN);
    expect(worker.lines.at(-1)).toMatchObject({ msg: 'stopped' });
    expect(tookToStop(worker)).toBeLessThan(5_000);

    const next = await fleet.worker();
    expect(await ended(api, id)).toMatchObject({ status: 'succeeded' });
    expect(await metric(next.opsUrl, 'millrace_envelopes_stalled_total')).toBe(0);
  });

  it('is forgotten at once, and the API says that it is degraded', async () => {
    const { api, worker } = await fleet.pair();
    const alive = (): Promise<unknown[]> =>
      withRedis(inject('redisUrl'), (client) =>
        new LiveWorkers(client, new Catalogue(fleet.settings['REDIS_PREFIX'] ?? '')).list(),
      );
    expect(await alive()).toHaveLength(1);
    await expectCleanStop(worker);
    // By its own word: what it said last would be believed for ten seconds.
    expect(await alive()).toEqual([]);
    await until(async () => (await call('GET', `${api.opsUrl}/ready`)).json.status === 'degraded', {
      deadlineMs: 20_000,
      what: 'the API to miss its worker',
    });
    expect(await get(api, await submit(api, IRIS))).toMatchObject({ status: 'starting' });
  });
});

describe('with Redis away', () => {
  it.each(['frozen', 'dead'])('both end with 0 within their deadline when it is %s', async (state) => {
    redis = await ownRedis();
    await redis.start();
    const { api, worker } = await fleet.pair({ REDIS_URL: redis.url, SHUTDOWN_SECONDS: '3' });
    if (state === 'frozen') redis.freeze();
    else await redis.kill();
    worker.signal('SIGTERM');
    api.signal('SIGTERM');
    expect(await worker.exited).toEqual(CLEAN);
    expect(await api.exited).toEqual(CLEAN);
    for (const one of [worker, api]) expect(tookToStop(one)).toBeLessThan(5_000);
  });

  it('a worker that drains says so with 503', async () => {
    redis = await ownRedis();
    await redis.start();
    const worker = await fleet.worker({ REDIS_URL: redis.url, SHUTDOWN_SECONDS: '25' });
    redis.freeze();
    worker.signal('SIGTERM');
    await until(
      async () => {
        const { status, text } = await call('GET', `${worker.opsUrl}/ready`);
        return status === 503 && /"serving":\{"status":"down"/.test(text);
      },
      { deadlineMs: 20_000, what: 'the worker to say that it drains' },
    );
    redis.thaw();
    expect(await worker.exited).toEqual(CLEAN);
  });
});

describe('without its launcher', () => {
  it.each(['api', 'worker'] as const)('%s stops as if told to, also when it was still starting', async (app) => {
    const early = fleet.launch(app);
    const late = await fleet.launch(app).listening();
    early.abandon();
    late.abandon();
    expect(await early.exited).toEqual(CLEAN);
    expect(await late.exited).toEqual(CLEAN);
  });
});
