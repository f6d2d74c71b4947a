/**
 * Our own client as somebody else has it: the folder that `npm run client:build` writes, copied to where there is no
 * `node_modules`, in a process of its own, against a fleet with keys on.
 */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MillraceClient, type PredictionEvent } from '#client/millrace-client';
import { projectRoot } from '#config/settings';
import type { FleetProcess } from '#testing/fleet';
import { Caller } from '#testing/keys';
import { IRIS } from '#testing/predictions';
import { Program } from '#testing/program';
import { fleetFor } from '../stage.js';

const fleet = fleetFor('file', { AUTH: 'on' });
const COMPILER = path.join(projectRoot(), 'node_modules', 'typescript', 'bin', 'tsc');
let api: FleetProcess;
let key: string;
let folder: string;
let millrace: MillraceClient;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'client-'));
  ({ api } = await fleet.pair());
  ({ key } = await new Caller(api, await api.firstKey()).make(['predict']));
  millrace = new MillraceClient({ url: api.url, key });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const PROGRAM = `
import { MillraceClient, MillraceError } from './millrace/millrace-client.js';
const millrace = new MillraceClient({ url: process.env.URL, key: process.env.KEY });
const input = ${JSON.stringify(IRIS.input)};
const prediction = await millrace.predict({ model: 'iris', input });
const labels = [];
for await (const { output } of millrace.batch({ model: 'iris', rows: [input, input] })) labels.push(output.label);
const refusal = await millrace.submit({ model: 'iris', input: {} }).catch((error) => error);
console.log(JSON.stringify([prediction.status, labels, refusal instanceof MillraceError, refusal.code]));
`;

/** What somebody writes who has our types, and a browser's. */
const TYPED = `
import { MillraceClient, type Prediction } from './millrace/millrace-client.js';
const prediction: Prediction = await new MillraceClient({ url: '' }).predict({ model: 'iris', input: {} });
export const status: 'succeeded' | 'starting' | 'processing' | 'failed' | 'canceled' | 'aborted' = prediction.status;
`;

it('runs, with its types, from a copied folder and nothing else', async () => {
  const build = new Program([process.execPath, path.join('bin', 'build-client.mjs')], {}, projectRoot());
  expect(await build.ended(60_000), build.out.join('\n')).toBe(0);
  await cp(path.join(projectRoot(), 'dist', 'client'), path.join(folder, 'millrace'), { recursive: true });
  // As `npm init -y` writes it: whatever is below is CommonJS, unless it says itself what it is.
  await writeFile(path.join(folder, 'package.json'), '{ "name": "shop", "type": "commonjs" }');
  await writeFile(path.join(folder, 'program.mjs'), PROGRAM);
  const program = new Program([process.execPath, 'program.mjs'], { URL: api.url, KEY: key }, folder);
  expect(await program.ended(), program.err.join('\n')).toBe(0);
  expect(JSON.parse(program.out[0] ?? '')).toEqual(['succeeded', ['setosa', 'setosa'], true, 'invalid_request']);

  await writeFile(path.join(folder, 'typed.ts'), TYPED);
  const options = '--noEmit --strict --target es2022 --module esnext --moduleResolution bundler'.split(' ');
  const typed = new Program([process.execPath, COMPILER, ...options, 'typed.ts'], {}, folder);
  expect(await typed.ended(60_000), typed.out.join('\n')).toBe(0);

  // Imports nothing but its own files: what a browser can load.
  for (const file of (await readdir(path.join(folder, 'millrace'))).filter((name) => name.endsWith('.js'))) {
    const text = await readFile(path.join(folder, 'millrace', file), 'utf8');
    for (const [, source = ''] of text.matchAll(/from '([^']+)'|import\(/g))
      expect(source, file).toMatch(/^\.\/.+\.js$/);
  }
});

it('submits under an id of one`s own, gets, lists, cancels and hears events', async () => {
  const wish = { model: 'iris', input: IRIS.input, metadata: { order: '17' } };
  const sent = await millrace.submit(wish, { id: 'order-17' });
  expect((await millrace.submit(wish, { id: 'order-17' })).created_at).toBe(sent.created_at);
  const ended = await millrace.wait(sent);
  expect(ended).toMatchObject({ id: 'order-17', status: 'succeeded', metadata: { order: '17' } });
  expect(await millrace.cancel('order-17')).toEqual(ended);
  const events: PredictionEvent[] = [];
  for await (const event of millrace.events('order-17')) events.push(event);
  expect(events.map(({ event }) => event)).toEqual(['start', 'output', 'completed', 'done']);
  expect(events[1]).toMatchObject({ data: { label: 'setosa' } });
  const after = events[1]?.id ?? '';
  const rest: string[] = [];
  for await (const { event } of millrace.events('order-17', { after })) rest.push(event);
  expect(rest).toEqual(['completed', 'done']);
  const listed: string[] = [];
  for await (const { id } of millrace.list({ model: 'iris', status: 'succeeded' })) listed.push(id);
  expect(listed[0]).toBe('order-17');
});

it('lists more than one page', async () => {
  const ids: string[] = [];
  for (let i = 0; i < 110; i += 1) ids.push((await millrace.submit({ model: 'iris', input: IRIS.input })).id);
  const listed: string[] = [];
  for await (const { id } of millrace.list({ model: 'iris' })) listed.push(id);
  expect(listed.slice(0, 110)).toEqual(ids.reverse());
  expect(new Set(listed).size).toBe(listed.length);
});

it('reads a batch of many envelopes in order, also from its middle; a repeat under its key is the same batch', async () => {
  const rows = Array.from({ length: 5_000 }, (_, index) => ({ custom_id: `r${index}`, input: IRIS.input }));
  const options = { idempotencyKey: 'nightly' };
  const batch = await millrace.createBatch({ model: 'iris', rows }, options);
  expect((await millrace.createBatch({ model: 'iris', rows }, options)).id).toBe(batch.id);
  let read = 0;
  for await (const { index, custom_id: name } of millrace.batchResults(batch.id)) {
    expect([index, name]).toEqual([read, `r${read}`]);
    read += 1;
    if (read === 2_500) break;
  }
  for await (const { index } of millrace.batchResults(batch.id, { after: read - 1 })) {
    expect(index).toBe(read);
    read += 1;
  }
  expect(read).toBe(5_000);
  const heard: string[] = [];
  for await (const { event } of millrace.batchEvents(batch.id)) heard.push(event);
  expect(heard.at(-1)).toBe('done');
});
