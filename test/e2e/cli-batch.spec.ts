/** The command line with a file of rows: stopped in the middle, called again, and nothing is missing or twice. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { projectRoot } from '#config/settings';
import { batchArriving, type BatchBody, irisRow, ndjson, sendBatch, irisRows } from '#testing/batches';
import type { FleetProcess, Settings } from '#testing/fleet';
import { HaltingProxy } from '#testing/halting-proxy';
import { Caller } from '#testing/keys';
import { until } from '#testing/patience';
import { fleetOfTest } from '../stage.js';

const ROWS = 30_000;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'millrace-cli-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Where it is told to go. */
type Service = Pick<FleetProcess, 'url'>;

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
}

const start = (api: Service, ...words: string[]): Started => startWith({}, api, ...words);

function startWith(settings: Settings, api: Service, ...words: string[]): Started {
  const program = path.join(projectRoot(), 'dist', 'apps', 'cli', 'main.js');
  const child = spawn(process.execPath, [program, ...words, '--url', api.url], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)]).then(
    ([[code], out, err]): Ran => ({ code: code as number | null, out, err }),
  );
  return { child, ended };
}

const run = (api: Service, ...words: string[]): Promise<Ran> => start(api, ...words).ended;

async function linesOf(name: string): Promise<{ index: number; output?: { label: string } }[]> {
  const content = await readFile(path.join(folder, name), 'utf8');
  return content
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { index: number });
}

const CSV = ['custom_id,sepal_length,sepal_width,petal_length,petal_width']
  .concat(Array.from({ length: ROWS }, (_, n) => [`"row ""${n}"""`, ...Object.values(irisRow(n))].join(',')))
  .join('\n');

it('sends a file and writes the answers to another, in the order of the rows', async () => {
  const fleet = fleetOfTest({ WEBHOOK_ALLOW_PRIVATE: 'true' });
  const { api } = await fleet.pair();
  await writeFile(path.join(folder, 'rows.csv'), CSV);
  const { code, err } = await run(api, 'batch', 'rows.csv', '--model', 'iris', '--out', 'answers.csv');
  expect(err).toMatch(/30,000 rows in .* 30,000 answered, 0 failed, 0 not run/);
  expect(err).toMatch(/^fetching .* 100 % 30,000 rows$/m);
  expect(code).toBe(0);
  const lines = (await readFile(path.join(folder, 'answers.csv'), 'utf8')).trimEnd().split('\r\n');
  expect(lines).toHaveLength(ROWS + 1);
  expect(lines[0]).toMatch(/^index,id,custom_id,label,score,/);
  expect(lines[ROWS]).toContain(`"row ""${ROWS - 1}"""`);
  // Nothing else is left of it.
  expect((await readdir(folder)).sort()).toEqual(['answers.csv', 'rows.csv']);
});

it('goes on where it was after Ctrl-C while its rows run', async () => {
  const fleet = fleetOfTest();
  const api = await fleet.api();
  await writeFile(path.join(folder, 'rows.ndjson.gz'), gzipSync(irisRows(ROWS)));
  const words = ['batch', 'rows.ndjson.gz', '-m', 'iris', '-o', 'answers.ndjson'];
  const first = start(api, ...words);
  const notes = path.join(folder, 'answers.ndjson.millrace');
  await until(async () => existsSync(notes) && (await readFile(notes, 'utf8')).includes('"batchId":"b'), {
    deadlineMs: 30_000,
    what: 'its rows to be sent',
  });
  first.child.kill('SIGINT');
  const stopped = await first.ended;
  expect([stopped.code, stopped.err]).toEqual([130, expect.stringContaining('The same command continues from here')]);
  await fleet.worker();
  const { code, err } = await run(api, ...words);
  expect([code, err]).toEqual([0, expect.stringContaining('Continuing the batch')]);
  expect((await linesOf('answers.ndjson')).map(({ index }) => index)).toEqual(
    Array.from({ length: ROWS }, (_, n) => n),
  );
  const { json } = await api.call('GET', '/v1/batches');
  expect(json.results).toHaveLength(1);
});

it('ends when its batch is canceled while it sends, and brings what there is of it', async () => {
  const fleet = fleetOfTest({ MAX_QUEUE_DEPTH: '3000' });
  const api = await fleet.api();
  await writeFile(path.join(folder, 'rows.ndjson'), irisRows(ROWS));
  const words = ['batch', 'rows.ndjson', '-m', 'iris', '-o', 'answers.ndjson'];
  const notes = path.join(folder, 'answers.ndjson.millrace');
  const sending = start(api, ...words);
  const { id } = await batchArriving(api, 3_000);
  const noted = await readFile(notes, 'utf8');
  await api.call('POST', `/v1/batches/${id}/cancel`);
  const refused = await sending.ended;
  expect([refused.code, refused.err]).toEqual([
    1,
    expect.stringContaining('was canceled while its rows were arriving'),
  ]);
  // As if it had been killed before it heard: it sends the same rows under the same key.
  await writeFile(notes, noted);
  await fleet.worker();
  const { code, err } = await run(api, ...words);
  expect([code, err]).toEqual([1, expect.stringContaining('The batch is canceled')]);
  const { json } = await api.call('GET', `/v1/batches/${id}`);
  const { total } = (json as unknown as BatchBody).request_counts;
  expect(total).toBeLessThan(ROWS);
  expect((await linesOf('answers.ndjson')).map(({ index }) => index)).toEqual(
    Array.from({ length: total }, (_, n) => n),
  );
});

it('shows how far it is, and goes on after Ctrl-C while it sends, with each row once', async () => {
  // Nobody works off its rows: what is sent waits until there is room.
  const fleet = fleetOfTest({ MAX_QUEUE_DEPTH: '4000' });
  const api = await fleet.api();
  await writeFile(path.join(folder, 'rows.csv'), CSV);
  const words = ['batch', 'rows.csv', '-m', 'iris', '-o', 'answers.csv'];
  const first = start(api, ...words);
  let shown = '';
  first.child.stderr!.on('data', (piece: Buffer) => (shown += piece.toString()));
  await until(async () => (await batches(api)).some(({ request_counts: counts }) => counts.total >= 4_000), {
    deadlineMs: 30_000,
    what: 'the queue to be full of its rows',
  });
  const line = /sending {2}\[[^\]]*\] \d+ % \d+\.\d MB\/s/;
  await until(() => line.test(shown), { deadlineMs: 20_000, what: 'a word of how far it is' });
  first.child.kill('SIGINT');
  const stopped = await first.ended;
  expect([stopped.code, stopped.err]).toEqual([130, expect.stringContaining('The same command continues from here')]);
  const notes = await readFile(path.join(folder, 'answers.csv.millrace'), 'utf8');
  expect(JSON.parse(notes)).toMatchObject({ batchId: null });
  await fleet.worker();
  const { code, err } = await run(api, ...words);
  expect([code, err]).toEqual([0, expect.stringContaining('Continuing the batch')]);
  expect(err).toMatch(/30,000 rows in .* s \([\d,]+ rows\/s\): 30,000 answered, 0 failed/);
  const lines = (await readFile(path.join(folder, 'answers.csv'), 'utf8')).trimEnd().split('\r\n').slice(1);
  expect(lines.map((one) => Number(one.split(',')[0]))).toEqual(Array.from({ length: ROWS }, (_, n) => n));
  expect((await batches(api)).map(({ request_counts: { total } }) => total)).toEqual([ROWS]);
});

async function batches(api: FleetProcess): Promise<BatchBody[]> {
  const { json } = await api.call('GET', '/v1/batches');
  return json.results as unknown as BatchBody[];
}

it('keeps its place where a key is refused: with the right one it goes on', async () => {
  const fleet = fleetOfTest({ AUTH: 'on' });
  const api = await fleet.api();
  const key = await api.firstKey();
  const caller = await new Caller(api, key).make(['predict']);
  await writeFile(path.join(folder, 'rows.csv'), CSV);
  const words = ['batch', 'rows.csv', '-m', 'iris', '-o', 'answers.csv'];
  const notes = path.join(folder, 'answers.csv.millrace');
  const first = startWith({ MILLRACE_API_KEY: caller.key }, api, ...words);
  await until(async () => existsSync(notes) && (await readFile(notes, 'utf8')).includes('"batchId":"b'), {
    deadlineMs: 30_000,
    what: 'its rows to be sent',
  });
  first.child.kill('SIGINT');
  await first.ended;
  const before = await readFile(notes, 'utf8');
  const refused = await startWith({ MILLRACE_API_KEY: 'mr_live_nobody' }, api, ...words).ended;
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('The fleet refused the batch')]);
  expect(await readFile(notes, 'utf8')).toBe(before);
  await fleet.worker();
  const { code } = await startWith({ MILLRACE_API_KEY: caller.key }, api, ...words).ended;
  expect(code).toBe(0);
  const { json } = await caller.call('GET', '/v1/batches');
  expect(json.results).toHaveLength(1);
});

it('says why a large file is refused, though it was still being sent', async () => {
  const fleet = fleetOfTest();
  const api = await fleet.api();
  await writeFile(path.join(folder, 'rows.csv'), Buffer.alloc(20_000_000, 'width,height\n1,2\n'));
  const { code, err } = await run(api, 'batch', 'rows.csv', '-m', 'iris', '-o', 'answers.csv');
  expect([code, err]).toEqual([1, expect.stringContaining('names the column "width"')]);
  // What stays wrong leaves nothing to go on with.
  expect(await readdir(folder)).toEqual(['rows.csv']);
});

it('goes on behind the last whole answer that it has written', async () => {
  const fleet = fleetOfTest({ WEBHOOK_ALLOW_PRIVATE: 'true' });
  const { api } = await fleet.pair();
  // A part of the answers comes, and the rest only when it has been killed.
  const door = await new HaltingProxy(api.url, 500_000).start();
  onTestFinished(() => door.stop());
  await writeFile(path.join(folder, 'rows.csv'), CSV);
  const words = ['batch', 'rows.csv', '-m', 'iris', '-o', 'answers.csv'];
  const first = start(door, ...words);
  const part = path.join(folder, 'answers.csv.part');
  const written = async (): Promise<boolean> => existsSync(part) && (await stat(part)).size > 0;
  await until(written, { deadlineMs: 60_000, what: 'the first answers' });
  first.child.kill('SIGKILL');
  await first.ended;
  expect(existsSync(path.join(folder, 'answers.csv'))).toBe(false);
  door.open();
  const { code } = await run(door, ...words);
  expect(code).toBe(0);
  const lines = (await readFile(path.join(folder, 'answers.csv'), 'utf8')).trimEnd().split('\r\n');
  expect(lines.slice(1).map((line) => Number(line.split(',')[0]))).toEqual(Array.from({ length: ROWS }, (_, n) => n));
});

it('says what is wrong with a file, row by row', async () => {
  const fleet = fleetOfTest({ WEBHOOK_ALLOW_PRIVATE: 'true' });
  const { api } = await fleet.pair();
  await writeFile(path.join(folder, 'rows.ndjson'), ndjson([irisRow(0), { ...irisRow(1), petal_width: 99 }]));
  const refused = await run(api, 'batch', 'rows.ndjson', '-m', 'iris', '-o', 'a.ndjson', '--reject');
  expect(refused.code).toBe(1);
  expect(refused.err).toMatch(/1 of 2 rows are not valid.*\n\s+\/1\/petal_width is 99: must be a number from 0 to 4/);
  const reported = await run(api, 'batch', 'rows.ndjson', '-m', 'iris', '-o', 'a.ndjson');
  expect([reported.code, reported.err]).toEqual([0, expect.stringContaining('1 answered, 1 failed')]);
  const strange = await run(api, 'batch', 'rows.txt', '-m', 'iris', '-o', 'a.ndjson');
  expect([strange.code, strange.err]).toEqual([1, expect.stringContaining('must end in .csv')]);
});

it('names the file of its answers where that cannot be written', async () => {
  await writeFile(path.join(folder, 'rows.csv'), 'a\n1\n');
  const wrong = {
    'nowhere/answers.csv': 'nowhere/answers.csv cannot be written (ENOENT).\n',
    'rows.csv/answers.csv': 'rows.csv/answers.csv cannot be written (ENOTDIR).\n',
  };
  for (const [out, sentence] of Object.entries(wrong)) {
    // Nobody is there to send to: it is said before anything is sent.
    const { code, err } = await run({ url: 'http://127.0.0.1:1' }, 'batch', 'rows.csv', '-m', 'iris', '-o', out);
    expect([code, err]).toEqual([1, sentence]);
  }
  expect(await readdir(folder)).toEqual(['rows.csv']);
});

it('takes the place of nothing but earlier answers', async () => {
  const nobody = { url: 'http://127.0.0.1:1' };
  const rows = 'a\n1\n';
  await writeFile(path.join(folder, 'rows.csv'), rows);
  await mkdir(path.join(folder, 'there'));
  const wrong = {
    'rows.csv': 'rows.csv is the file of the rows itself: give --out another name.\n',
    './there/../rows.csv': './there/../rows.csv is the file of the rows itself: give --out another name.\n',
    there: 'there is not a file: give --out the name of one.\n',
    'answers.csv.gz': 'answers.csv.gz: answers are not compressed, so the name must not end in .gz.\n',
  };
  for (const [out, sentence] of Object.entries(wrong)) {
    const { code, err } = await run(nobody, 'batch', 'rows.csv', '-m', 'iris', '-o', out);
    expect([code, err]).toEqual([1, sentence]);
  }
  expect(await readFile(path.join(folder, 'rows.csv'), 'utf8')).toBe(rows);
  expect((await readdir(folder)).sort()).toEqual(['rows.csv', 'there']);
});

it('says at once that the rows cannot be read, before it sends and in the middle of it', async () => {
  const fleet = fleetOfTest();
  const api = await fleet.api();
  await mkdir(path.join(folder, 'folder.csv'));
  const noFile = await run(api, 'batch', 'folder.csv', '-m', 'iris', '-o', 'answers.csv');
  expect([noFile.code, noFile.err]).toEqual([1, expect.stringContaining('folder.csv is not a file')]);
  // A file that opens, and whose first byte is an error of the disk.
  await symlink('/proc/self/mem', path.join(folder, 'broken.csv'));
  const broken = await run(api, 'batch', 'broken.csv', '-m', 'iris', '-o', 'answers.csv');
  expect([broken.code, broken.err]).toEqual([1, 'broken.csv cannot be read (EIO).\n']);
});

it('says once what is wrong with a batch', async () => {
  const fleet = fleetOfTest();
  const api = await fleet.api();
  await writeFile(path.join(folder, 'rows.csv'), 'sepal_length,sepal_width,petal_length,petal_width\n');
  const { err } = await run(api, 'batch', 'rows.csv', '-m', 'iris', '-o', 'answers.csv');
  expect(err).toMatch(/The fleet refused the batch: The request has no rows\n$/);
});

it('listens to webhooks, verifies and prints them', async () => {
  const fleet = fleetOfTest({ WEBHOOK_ALLOW_PRIVATE: 'true' });
  const { api } = await fleet.pair();
  await fleet.courier();
  const { child, ended } = start(api, 'listen', '--json');
  let heard = '';
  child.stderr!.setEncoding('utf8').on('data', (piece: string) => (heard += piece));
  let printed = '';
  child.stdout!.setEncoding('utf8').on('data', (piece: string) => (printed += piece));
  const webhook = await until(() => /http:\/\/127\.0\.0\.1:\d+\//.exec(heard)?.[0], {
    deadlineMs: 20_000,
    what: 'it to listen',
  });
  const { json } = await sendBatch(api, { query: { webhook }, body: irisRows(3) });
  await until(() => printed.includes(`${json.id}-completed`), { deadlineMs: 20_000, what: 'the webhook' });
  // Neither a sender that breaks off nor one that never ends is its end.
  await broken(webhook, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nwebhook-id: cut\r\n\r\nabc');
  await until(() => heard.includes('cut: broken off by its sender.'), { deadlineMs: 20_000, what: 'a word of that' });
  const huge = await fetch(webhook, {
    method: 'POST',
    body: Buffer.alloc(1_100_000),
    headers: { 'webhook-id': 'huge' },
  });
  expect(huge.status).toBe(413);
  const refusal = 'huge: refused. It is larger than 1048576 bytes.';
  await until(() => heard.includes(refusal), { deadlineMs: 20_000, what: 'a word of that too' });
  const forged = await fetch(webhook, { method: 'POST', body: '{}', headers: { 'webhook-id': 'x' } });
  expect(forged.status).toBe(401);
  child.kill('SIGINT');
  expect((await ended).code).toBe(0);
});

/** Sends a part of a request, and is gone. */
async function broken(url: string, bytes: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await new Promise((resolve) => socket.write(bytes, resolve));
  socket.resetAndDestroy();
  await once(socket, 'close');
}
