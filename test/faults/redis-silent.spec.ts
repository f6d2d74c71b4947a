/** Redis falls silent in the middle of a request about a batch: whoever asks hears 503 in time, and what is under way waits. */
import { beforeAll, afterEach, describe, expect, inject, it } from 'vitest';
import { batchEnded, irisRows, resultText, sendBatch } from '#testing/batches';
import type { FleetProcess } from '#testing/fleet';
import { call } from '#testing/http';
import { until } from '#testing/patience';
import { SilentProxy } from '#testing/silent-proxy';
import { fleetFor } from '../stage.js';

const fleet = fleetFor('file');
const redis = new SilentProxy(inject('redisUrl'));
let api: FleetProcess;

beforeAll(async () => {
  await redis.start();
  api = await fleet.api({ REDIS_URL: redis.url });
  await fleet.worker();
  return () => redis.stop();
});

afterEach(async () => {
  redis.speak();
  await until(async () => (await call('GET', `${api.opsUrl}/ready`)).status === 200, {
    deadlineMs: 30_000,
    what: 'the API to be ready again',
  });
});

const IN_TIME_MS = 2_000;

/** In time by the API's own word. */
async function expectUnavailable({ status, headers, code }: Heard): Promise<void> {
  expect([status, code]).toEqual([503, 'queue_unavailable']);
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const line = await api.line({ msg: 'request', request_id: headers.get('x-request-id') });
  expect(line['duration_ms']).toBeLessThan(IN_TIME_MS);
}

interface Heard {
  readonly status: number;
  readonly headers: Headers;
  readonly code: unknown;
}

async function heard(response: Response): Promise<Heard> {
  const { code } = (await response.json()) as { code: unknown };
  return { status: response.status, headers: response.headers, code };
}

describe('the results of a batch', () => {
  it.each(['application/x-ndjson', 'text/csv'])(
    'as %s are not begun where their first rows do not come',
    async (accept) => {
      const { json } = await sendBatch(api, { body: irisRows(600) });
      await batchEnded(api, json.id);
      redis.fallSilentAt(':outcomes:');
      await expectUnavailable(await heard(await fetch(json.urls.results, { headers: { accept } })));
      redis.speak();
      const text = await resultText(api, json.id, accept);
      expect(
        text.split(/\r?\n/).filter((line) => /setosa|versicolor|virginica/.test(line)).length,
      ).toBeGreaterThanOrEqual(600);
    },
  );
});

describe('a submit before whose first write Redis is silent', () => {
  const send = async (query: Record<string, string> = {}, headers: Record<string, string> = {}): Promise<Heard> => {
    const { status, headers: answered, json } = await sendBatch(api, { query, headers, body: irisRows(3) });
    return { status, headers: answered, code: json.code };
  };
  const sendFile = async (): Promise<Heard> => {
    const form = new FormData();
    form.set('purpose', 'batch');
    form.set('file', new Blob(['{}\n']), 'requests.jsonl');
    return heard(await fetch(`${api.url}/openai/v1/files`, { method: 'POST', body: form }));
  };

  it.each([
    ['a batch', () => send()],
    ['a batch with a key', () => send({}, { 'idempotency-key': 'silent' })],
    ['a batch as a whole', () => send({ on_invalid: 'reject' })],
    ['a file', sendFile],
  ])('is answered in time: %s', async (_, submit) => {
    redis.fallSilent();
    await expectUnavailable(await submit());
  });

  it.each([
    ['its record', '"rowsPerEnvelope"'],
    ['its gate', 'iris:1.0.0 batch'],
  ])('is answered in time where it is %s that is not written', async (_, word) => {
    redis.fallSilentAt(word);
    await expectUnavailable(await send());
  });
});

it.each(['report', 'reject'])('rows that are under way wait until it speaks again (%s)', async (onInvalid) => {
  redis.fallSilentAt('iris:1.0.0 x');
  const sent = sendBatch(api, { query: { on_invalid: onInvalid }, body: irisRows(600) });
  await redis.wasAsked(':digests', 3);
  redis.speak();
  const { status, json } = await sent;
  expect(status).toBe(201);
  expect((await batchEnded(api, json.id)).request_counts).toMatchObject({ total: 600, completed: 600 });
});
