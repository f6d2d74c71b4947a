/**
 * Each file of `examples/` does what its first lines say, run as they say, against a fleet with keys on: a first prediction,
 * a batch with one row that is wrong, and a receiver of webhooks that takes what is signed and nothing else.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import path from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { projectRoot } from '#config/settings';
import type { FleetProcess } from '#testing/fleet';
import { Caller } from '#testing/keys';
import { until } from '#testing/patience';
import { IRIS } from '#testing/predictions';
import { Program } from '#testing/program';
import { fleetFor } from '../stage.js';

const FOLDER = path.join(projectRoot(), 'examples');
const SHELL_RECEIVER = 'curl/webhook-receiver.sh';
const RECEIVERS = [
  'millrace/webhook-receiver.mjs',
  'openai/webhook-receiver.mjs',
  'python/webhook_receiver.py',
  'replicate/webhook-receiver.mjs',
];
const FIRST_PREDICTIONS = [
  'curl/first-prediction.sh',
  'millrace/first-prediction.mjs',
  'openai/first-prediction.mjs',
  'python/first_prediction.py',
  'replicate/first-prediction.mjs',
];
const BATCHES = ['curl/batch.sh', 'millrace/batch.mjs', 'python/batch.py', 'replicate/batch.mjs'];
const FILE_BATCH = 'openai/batch.mjs';
const PROGRAMS: Readonly<Record<string, string>> = { '.sh': 'sh', '.mjs': process.execPath, '.py': 'python3' };

const fleet = fleetFor('file', { AUTH: 'on', WEBHOOK_ALLOW_PRIVATE: 'true' });
let api: FleetProcess;
let caller: Caller;

beforeAll(async () => {
  ({ api } = await fleet.pair());
  await fleet.courier();
  caller = await new Caller(api, await api.firstKey()).make(['predict']);
});

function commandOf(example: string): [string, string] {
  return [PROGRAMS[path.extname(example)]!, path.join('examples', example)];
}

function run(example: string): Program {
  const env = { MILLRACE_URL: api.url, MILLRACE_API_KEY: caller.key, PORT: '0' };
  return new Program(commandOf(example), env, projectRoot());
}

it('each is run here, and says in three lines what it does and how it is run', async () => {
  const entries = await readdir(FOLDER, { recursive: true, withFileTypes: true });
  const files = entries.filter((one) => one.isFile()).map((one) => path.join(one.parentPath, one.name));
  const found = files.map((file) => path.relative(FOLDER, file)).toSorted();
  expect(found).toEqual([...FIRST_PREDICTIONS, ...BATCHES, FILE_BATCH, ...RECEIVERS, SHELL_RECEIVER].toSorted());
  for (const file of found) {
    const lines = (await readFile(path.join(FOLDER, file), 'utf8')).split('\n');
    const header = lines.filter((line) => !line.startsWith('#!')).slice(0, 4);
    expect(header.map((line) => /^(#|\/\/) /.test(line), file)).toEqual([true, true, true, false]);
    expect(header.join('\n'), file).toContain('Run');
    expect(header.join('\n'), file).toContain(`examples/${file}`);
  }
});

it.each(FIRST_PREDICTIONS)('%s prints the answer', async (example) => {
  const program = run(example);
  expect(await program.ended(), program.err.join('\n')).toBe(0);
  expect(program.out.join('\n')).toContain('"setosa"');
});

it.each(BATCHES)('%s prints a result a row, in order', async (example) => {
  const program = run(example);
  expect(await program.ended(), program.err.join('\n')).toBe(0);
  expect(program.out.map((line): unknown => JSON.parse(line))).toMatchObject([
    { index: 0, custom_id: 'f-1', output: { label: 'setosa' } },
    { index: 1, custom_id: 'f-2', output: { label: 'virginica' } },
    { index: 2, custom_id: 'f-3', error: { code: 'invalid_input' } },
  ]);
});

it(`${FILE_BATCH} prints the answers, and then the errors`, async () => {
  const program = run(FILE_BATCH);
  expect(await program.ended(), program.err.join('\n')).toBe(0);
  expect(program.out.map((line): unknown => JSON.parse(line))).toMatchObject([
    { custom_id: 'f-1', response: { body: { output: { label: 'setosa' } } }, error: null },
    { custom_id: 'f-2', response: { body: { output: { label: 'virginica' } } }, error: null },
    { custom_id: 'f-3' },
  ]);
});

it('what the fleet refuses ends an example with its words', async () => {
  for (const example of ['curl/first-prediction.sh', 'millrace/first-prediction.mjs', 'python/first_prediction.py']) {
    const env = { MILLRACE_URL: api.url, MILLRACE_API_KEY: 'mr_live_wrong' };
    const program = new Program(commandOf(example), env, projectRoot());
    expect(await program.ended(), example).not.toBe(0);
    expect([...program.out, ...program.err].join('\n'), example).toMatch(/key/i);
  }
});

describe('a receiver', () => {
  it.each(RECEIVERS)('%s prints what is signed, and refuses the rest', async (example) => {
    const program = run(example);
    const url = await program.line('http://');
    await breakOff(url);
    const id = await submitTo(url);
    const line = await program.line(`${id}-completed`);
    await expectRefused(url, line);
    expect(program.out).toHaveLength(2);
  });

  it(`${SHELL_RECEIVER} prints what is signed, and refuses the rest`, async () => {
    const secret = (await caller.call('GET', '/v1/webhooks/default/secret')).json.key;
    const said: string[] = [];
    const url = await serveByShell({ WEBHOOK_SECRET: secret }, said);
    const id = await submitTo(url);
    const isHere = (line: string): boolean => line.startsWith(`${id}-completed`);
    const line = await until(() => said.find(isHere), { deadlineMs: 30_000, what: 'the line of the shell' });
    await expectRefused(url, line);
    expect(said).toHaveLength(1);
  });
});

/** @returns the id of a prediction that tells `url` of its end, once that was delivered with a 2xx */
async function submitTo(url: string): Promise<string> {
  const body = { ...IRIS, webhook: url };
  const { id } = (await caller.call('POST', '/v1/predictions', { body })).json;
  const delivered = async (): Promise<boolean> => {
    const { json } = await caller.call('GET', `/v1/deliveries/${id}-completed`);
    return json.status === 'delivered';
  };
  await until(delivered, { deadlineMs: 30_000, what: `the webhook of ${id} to be delivered` });
  return id;
}

/** Sends a part of a message, and is gone: nothing that ends a receiver. */
async function breakOff(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await new Promise((resolve) => socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc', resolve));
  socket.resetAndDestroy();
  await once(socket, 'close');
}

/** Somebody who has overheard a message has no secret. */
async function expectRefused(url: string, line: string): Promise<void> {
  const [id = '', ...words] = line.split(' ');
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(Date.now() / 1_000)),
    'webhook-signature': `v1,${Buffer.alloc(32).toString('base64')}`,
  };
  for (const sent of [headers, {}]) {
    expect((await fetch(url, { method: 'POST', headers: sent, body: words.join(' ') })).status).toBe(400);
  }
}

/** As socat does it: for each connection a shell, whose input and output the connection is. */
async function serveByShell(env: Readonly<Record<string, string>>, said: string[]): Promise<string> {
  const [program, file] = commandOf(SHELL_RECEIVER);
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    const shell = spawn(program, [file], {
      cwd: projectRoot(),
      env: { PATH: process.env['PATH'], ...env },
      stdio: [socket, socket, 'pipe'],
    });
    createInterface({ input: shell.stderr }).on('line', (line) => said.push(line));
    shell.on('close', () => socket.destroy());
  });
  onTestFinished(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
