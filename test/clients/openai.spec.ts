/**
 * Who makes batches with the npm package `openai` makes them here with another address: a file of requests goes up, a batch
 * is made of it, and its answers come back as files. Every call that `docs/clients.md` promises is made here.
 */
import OpenAI, { toFile } from 'openai';
import { beforeAll, describe, expect, it } from 'vitest';
import { irisRow } from '#testing/batches';
import type { FleetProcess } from '#testing/fleet';
import { Caller } from '#testing/keys';
import { copySlowModel, shipped } from '#testing/models';
import { until } from '#testing/patience';
import { fleetFor, fleetOfTest } from '../stage.js';

const LIMIT = 4_000_000;
const fleet = fleetFor('file', { AUTH: 'on', FILE_LIMIT_BYTES: String(LIMIT), UPLOAD_STALL_SECONDS: '1' });
/** The package knows the routes of its maker alone. */
const ENDPOINT = '/v1/predictions' as '/v1/responses';

let api: FleetProcess;
let other: FleetProcess;
let admin: Caller;
let openai: OpenAI;

function clientOf(apiKey: string | null, at = api): OpenAI {
  return new OpenAI({ apiKey: apiKey ?? '', baseURL: `${at.url}/openai/v1`, maxRetries: 0 });
}

beforeAll(async () => {
  ({ api } = await fleet.pair());
  admin = new Caller(api, await api.firstKey());
  other = await fleet.api();
  openai = await newcomer();
});

async function newcomer(): Promise<OpenAI> {
  return clientOf((await admin.make(['predict'])).key);
}

type Request = Readonly<Record<string, unknown>>;

function request(name: string, input: unknown, more: Request = {}): Request {
  return { custom_id: name, method: 'POST', url: ENDPOINT, body: { model: 'iris', input }, ...more };
}

function requests(count: number): Request[] {
  return Array.from({ length: count }, (_, i) => request(`r-${i}`, irisRow(i)));
}

function jsonl(lines: readonly unknown[]): string {
  return lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
}

async function upload(lines: readonly unknown[], who = openai): Promise<OpenAI.FileObject> {
  return who.files.create({ file: await toFile(Buffer.from(jsonl(lines)), 'requests.jsonl'), purpose: 'batch' });
}

async function batchOf(lines: readonly unknown[], who = openai): Promise<OpenAI.Batch> {
  const file = await upload(lines, who);
  return who.batches.create({ input_file_id: file.id, endpoint: ENDPOINT, completion_window: '24h' });
}

const OVER = ['completed', 'failed', 'cancelled', 'expired'];

async function over(id: string, who = openai): Promise<OpenAI.Batch> {
  return until(
    async () => {
      const batch = await who.batches.retrieve(id);
      return OVER.includes(batch.status) && batch;
    },
    { deadlineMs: 30_000, what: `the batch ${id} to end` },
  );
}

interface Line {
  readonly id: string;
  readonly custom_id: string;
  readonly response: {
    readonly status_code: number;
    readonly request_id: string;
    readonly body: { readonly output: { readonly label: string }; readonly errors: unknown; readonly error: unknown };
  } | null;
  readonly error: { readonly code: string } | null;
}

async function linesOf(fileId: string | null | undefined, who = openai): Promise<Line[]> {
  const text = await (await who.files.content(fileId ?? '')).text();
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]));
}

async function refusalOf(work: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  const error: unknown = await work.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(OpenAI.APIError);
  return error as InstanceType<typeof OpenAI.APIError>;
}

describe('files', () => {
  it('are sent, found at every process, read back as they were, and deleted', async () => {
    const lines = requests(9_000);
    const file = await upload(lines);
    const bytes = Buffer.byteLength(jsonl(lines));
    expect(file).toMatchObject({ object: 'file', bytes, filename: 'requests.jsonl', purpose: 'batch' });
    expect(file.expires_at).toBe(file.created_at + 86_400);
    const elsewhere = clientOf(openai.apiKey, other);
    expect(await elsewhere.files.retrieve(file.id)).toEqual(file);
    expect(await openai.files.waitForProcessing(file.id)).toEqual(file);
    expect(await (await elsewhere.files.content(file.id)).text()).toBe(jsonl(lines));
    expect(await openai.files.delete(file.id)).toEqual({ id: file.id, object: 'file', deleted: true });
    expect((await refusalOf(openai.files.retrieve(file.id))).status).toBe(404);
  });

  it('are listed, newest first, page by page', async () => {
    const who = await newcomer();
    const ids: string[] = [];
    for (let i = 0; i < 3; i += 1) ids.unshift((await upload(requests(1), who)).id);
    const seen: string[] = [];
    for await (const { id } of who.files.list({ limit: 2 })) seen.push(id);
    expect(seen).toEqual(ids);
    const first = await who.files.list({ limit: 2, order: 'asc' });
    expect(first.data.map(({ id }) => id)).toEqual(ids.slice(1).reverse());
    expect(first.has_more).toBe(true);
    expect((await who.files.list({ purpose: 'fine-tune' })).data).toEqual([]);
  });

  it('expire when they are told to', async () => {
    const file = await toFile(Buffer.from(jsonl(requests(1))), 'short.jsonl');
    const expires_after = { anchor: 'created_at', seconds: 3_600 } as const;
    const kept = await openai.files.create({ file, purpose: 'batch', expires_after });
    expect(kept.expires_at).toBe(kept.created_at + 3_600);
    const longer = openai.files.create({
      file,
      purpose: 'batch',
      expires_after: { ...expires_after, seconds: 90_000 },
    });
    expect(await refusalOf(longer)).toMatchObject({ status: 422, param: '/expires_after/seconds' });
    const brief = fleetOfTest({ FILE_TTL_SECONDS: '1' });
    const there = clientOf('any', await brief.api());
    const { id } = await upload(requests(1), there);
    await until(async () => (await there.files.list()).data.length === 0, { deadlineMs: 30_000, what: 'the end' });
    expect((await refusalOf(there.files.content(id))).status).toBe(404);
  });

  it('of another purpose, too large, empty, or no form are refused', async () => {
    const file = await toFile(Buffer.from('x'), 'x.jsonl');
    expect(await refusalOf(openai.files.create({ file, purpose: 'fine-tune' }))).toMatchObject({
      status: 422,
      code: 'invalid_request',
      param: '/purpose',
      type: 'invalid_request_error',
    });
    const large = await toFile(Buffer.alloc(LIMIT + 1, 'x'), 'large.jsonl');
    expect(await refusalOf(openai.files.create({ file: large, purpose: 'batch' }))).toMatchObject({ status: 413 });
    const none = await toFile(Buffer.alloc(0), 'none.jsonl');
    expect(await refusalOf(openai.files.create({ file: none, purpose: 'batch' }))).toMatchObject({ param: '/file' });
    const who = new Caller(api, openai.apiKey ?? '');
    for (const [type, raw, status] of [
      ['application/json', '{}', 415],
      ['multipart/form-data', 'x', 415],
      [
        'multipart/form-data; boundary=b',
        '--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nx',
        400,
      ],
    ] as const) {
      const answer = await who.call('POST', '/openai/v1/files', { raw, headers: { 'content-type': type } });
      expect(answer.status, `${type}: ${answer.text}`).toBe(status);
    }
  });

  it('that stop in their middle leave nothing, and hold up nobody', async () => {
    const who = new Caller(api, (await admin.make(['predict'])).key);
    const head = '--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n';
    const body = new ReadableStream<Uint8Array>({
      start: (stream) => stream.enqueue(new TextEncoder().encode(head + 'x'.repeat(300_000))),
    });
    const answer = await fetch(`${api.url}/openai/v1/files`, {
      method: 'POST',
      body,
      duplex: 'half',
      headers: { authorization: `Bearer ${who.key}`, 'content-type': 'multipart/form-data; boundary=b' },
    });
    expect(answer.status).toBe(408);
    expect((await clientOf(who.key).files.list()).data).toEqual([]);
  });
});

describe('batches', () => {
  it('run, and their answers come back under the names of their requests', async () => {
    const { id: version } = await shipped('iris');
    const file = await upload(requests(600));
    const made = await openai.batches.create({
      input_file_id: file.id,
      endpoint: ENDPOINT,
      completion_window: '24h',
      metadata: { night: 'first' },
    });
    expect(made).toMatchObject({
      object: 'batch',
      endpoint: ENDPOINT,
      input_file_id: file.id,
      completion_window: '24h',
    });
    expect(made.expires_at).toBe(made.created_at + 86_400);
    const ended = await over(made.id);
    expect(ended).toMatchObject({
      status: 'completed',
      errors: null,
      error_file_id: null,
      request_counts: { total: 600, completed: 600, failed: 0 },
      metadata: { night: 'first' },
      model: 'millrace/iris',
    });
    expect(ended.completed_at).toBeGreaterThanOrEqual(ended.created_at);
    const lines = await linesOf(ended.output_file_id, clientOf(openai.apiKey, other));
    expect(lines.map(({ custom_id }) => custom_id)).toEqual(requests(600).map(({ custom_id }) => custom_id));
    expect(lines[0]).toMatchObject({
      response: {
        status_code: 200,
        body: { model: 'millrace/iris', version, status: 'succeeded', output: { label: 'setosa' } },
      },
      error: null,
    });
    const about = await openai.files.retrieve(ended.output_file_id ?? '');
    const text = await (await openai.files.content(ended.output_file_id ?? '')).text();
    expect(about).toMatchObject({ purpose: 'batch_output', bytes: Buffer.byteLength(text) });
    expect((await refusalOf(openai.files.delete(about.id))).status).toBe(409);
  });

  it('are batches of ours, whose rows are predictions', async () => {
    const ended = await over((await batchOf(requests(2))).id);
    const who = new Caller(api, openai.apiKey ?? '');
    const { json } = await who.call('GET', `/v1/batches/${ended.id.replace('batch_', '')}`);
    expect(json).toMatchObject({ status: 'completed', model: 'millrace/iris' });
    const [line] = await linesOf(ended.output_file_id);
    const prediction = await who.call('GET', `/v1/predictions/${line?.response?.request_id ?? ''}`);
    expect(prediction.json).toMatchObject({ status: 'succeeded', output: line?.response?.body.output });
  });

  it('with inputs that the model does not take answer these in the file of errors', async () => {
    const bad = request('bad', { ...irisRow(0), petal_width: 99 });
    const ended = await over((await batchOf([...requests(2), bad, request('none', undefined)])).id);
    expect(ended).toMatchObject({ status: 'completed', request_counts: { total: 4, completed: 2, failed: 2 } });
    expect((await linesOf(ended.output_file_id)).map(({ custom_id }) => custom_id)).toEqual(['r-0', 'r-1']);
    expect(await linesOf(ended.error_file_id)).toMatchObject([
      {
        custom_id: 'bad',
        response: {
          status_code: 422,
          body: {
            errors: [{ pointer: '/input/petal_width', code: 'out_of_range' }],
            error: { type: 'invalid_request_error', param: '/input/petal_width' },
          },
        },
        error: null,
      },
      { custom_id: 'none', response: { status_code: 422 } },
    ]);
  });

  it.each([
    ['no JSON', '{', 'invalid_json', null],
    ['no object', '[]', 'invalid_request', null],
    ['no name', request('x', {}, { custom_id: undefined }), 'missing_custom_id', 'custom_id'],
    ['the name of another line', request('r-0', irisRow(0)), 'duplicate_custom_id', 'custom_id'],
    ['another method', request('x', {}, { method: 'GET' }), 'invalid_method', 'method'],
    ['another route', request('x', {}, { url: '/v1/responses' }), 'invalid_url', 'url'],
    ['no body', request('x', {}, { body: 1 }), 'invalid_body', 'body'],
    ['no model', request('x', {}, { body: { input: {} } }), 'invalid_model', 'body.model'],
    ['an unknown model', request('x', {}, { body: { model: 'none', input: {} } }), 'model_not_found', 'body.model'],
    [
      'the model of no other line',
      request('x', {}, { body: { model: 'churn', input: {} } }),
      'mismatched_model',
      'body.model',
    ],
    [
      'a webhook of its own',
      request('x', {}, { body: { model: 'iris', input: {}, webhook: 'x' } }),
      'unknown_field',
      'body.webhook',
    ],
  ])('of a file that has a line with %s fail, name the line, and run nothing', async (_, line, code, param) => {
    const failed = await batchOf([...requests(2), line, request('last', irisRow(1))]);
    expect(failed).toMatchObject({ status: 'failed', errors: { data: [{ code, line: 3, param }] } });
    expect(await openai.batches.retrieve(failed.id)).toEqual(failed);
    expect(await openai.batches.cancel(failed.id)).toEqual(failed);
  });

  it('of a file without requests, or that is no text, fail', async () => {
    expect(await batchOf(['\n\n'])).toMatchObject({ status: 'failed', errors: { data: [{ code: 'empty_file' }] } });
    const file = await openai.files.create({ file: await toFile(Buffer.from([0xff, 0xfe]), 'x'), purpose: 'batch' });
    const wish = { input_file_id: file.id, endpoint: ENDPOINT, completion_window: '24h' } as const;
    expect(await openai.batches.create(wish)).toMatchObject({
      status: 'failed',
      errors: { data: [{ code: 'invalid_body' }] },
    });
  });

  it('of no file, another route, or an impossible time are refused', async () => {
    const { id } = await upload(requests(1));
    const wish = { input_file_id: id, endpoint: ENDPOINT, completion_window: '24h' } as const;
    const refused = async (change: object): Promise<unknown> =>
      (await refusalOf(openai.batches.create({ ...wish, ...change }))).param;
    expect(await refused({ input_file_id: 'file-none' })).toBe('/input_file_id');
    expect(await refused({ endpoint: '/v1/responses' })).toBe('/endpoint');
    expect(await refused({ completion_window: '90d' })).toBe('/completion_window');
    expect(await refused({ metadata: { a: 'x'.repeat(513) } })).toBe('/metadata/a');
    expect(await refused({ output_expires_after: { anchor: 'created_at', seconds: 3_600 } })).toBe(
      '/output_expires_after',
    );
  });

  it('are listed, newest first, page by page, also those that failed', async () => {
    const who = await newcomer();
    const made: string[] = [];
    for (const lines of [requests(1), ['{'], requests(1), requests(2), requests(1)]) {
      made.unshift((await batchOf(lines, who)).id);
    }
    const seen: string[] = [];
    for await (const { id } of who.batches.list({ limit: 2 })) seen.push(id);
    expect(seen).toEqual(made);
    const last = await who.batches.list({ limit: 2, after: made[2]! });
    expect(last.data.map(({ id }) => id)).toEqual(made.slice(3));
    expect(last.has_more).toBe(false);
  });

  it('made again with an Idempotency-Key are the same', async () => {
    const file = await upload(requests(3));
    const wish = { input_file_id: file.id, endpoint: ENDPOINT, completion_window: '24h' } as const;
    const options = { headers: { 'idempotency-key': 'night-1' } };
    const first = await openai.batches.create(wish, options);
    expect((await openai.batches.create(wish, options)).id).toBe(first.id);
    const others = await upload(requests(2));
    const reused = openai.batches.create({ ...wish, input_file_id: others.id }, options);
    expect((await refusalOf(reused)).code).toBe('idempotency_key_reused');
  });

  it('are canceled, with an answer for each request', async () => {
    const slow = fleetOfTest({ MODELS_DIR: await copySlowModel() });
    const lone = await slow.api();
    const who = clientOf('any', lone);
    const lines = Array.from({ length: 3 }, (_, i) =>
      request(`s-${i}`, {}, { body: { model: 'slow', input: { size: 1 } } }),
    );
    const made = await batchOf(lines, who);
    expect(await who.batches.cancel(made.id)).toMatchObject({ status: 'cancelling', output_file_id: null });
    await slow.worker();
    const ended = await over(made.id, who);
    expect(ended).toMatchObject({ status: 'cancelled', request_counts: { total: 3, completed: 0, failed: 3 } });
    const errors = await linesOf(ended.error_file_id, who);
    expect(errors.map(({ error }) => error?.code)).toEqual(Array.from({ length: 3 }, () => 'batch_cancelled'));
    expect(await who.batches.cancel(made.id)).toEqual(ended);
  });

  it('of another client do not exist, nor do its files', async () => {
    const ended = await over((await batchOf(requests(1))).id);
    const stranger = await newcomer();
    const files = [ended.input_file_id, ended.output_file_id ?? ''];
    const tries = [
      () => stranger.batches.retrieve(ended.id),
      () => stranger.batches.cancel(ended.id),
      ...files.flatMap((id) => [
        () => stranger.files.retrieve(id),
        () => stranger.files.content(id),
        () => stranger.files.delete(id),
      ]),
    ];
    for (const attempt of tries) expect((await refusalOf(attempt())).status).toBe(404);
    const theirs = { input_file_id: ended.input_file_id, endpoint: ENDPOINT, completion_window: '24h' } as const;
    expect((await refusalOf(stranger.batches.create(theirs))).param).toBe('/input_file_id');
    expect((await stranger.batches.list()).data).toEqual([]);
  });

  it('with a wrong key are refused in the words of the client', async () => {
    const error = await refusalOf(clientOf('mr_live_wrong').batches.list());
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(error).toMatchObject({ code: 'invalid_key', type: 'authentication_error' });
  });
});

it('files and batches outlive the API that took them', async () => {
  const own = fleetOfTest();
  const { api: first } = await own.pair();
  const who = clientOf('any', first);
  const file = await upload(requests(5), who);
  const made = await batchOf(requests(5), who);
  await over(made.id, who);
  await first.stop();
  const second = clientOf('any', await own.api());
  expect(await second.files.retrieve(file.id)).toEqual(file);
  const again = await second.batches.create({
    input_file_id: file.id,
    endpoint: ENDPOINT,
    completion_window: '1h' as '24h',
  });
  expect(await over(again.id, second)).toMatchObject({ status: 'completed', request_counts: { completed: 5 } });
  expect(await linesOf((await second.batches.retrieve(made.id)).output_file_id, second)).toHaveLength(5);
});
