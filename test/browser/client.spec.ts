/**
 * Our own client in a browser: the folder that `npm run client:build` writes, loaded by a page of another origin, which
 * `CORS_ORIGINS` names, against a fleet with keys on.
 */
import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { projectRoot } from '#config/settings';
import type { FleetProcess } from '#testing/fleet';
import { Caller } from '#testing/keys';
import { IRIS } from '#testing/predictions';
import { fleetFor } from '../stage.js';
import { browserOfFile } from './browser.js';

const fleet = fleetFor('file', { AUTH: 'on' });
const visit = browserOfFile();
let folder: string;
let site: Server;
let port: number;
let api: FleetProcess;
let key: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'client-'));
  const compiler = path.join(projectRoot(), 'node_modules', 'typescript', 'bin', 'tsc');
  await promisify(execFile)(process.execPath, [compiler, '-p', 'tsconfig.client.json', '--outDir', folder], {
    cwd: projectRoot(),
  });
  site = serveSite();
  await once(site.listen(0, '127.0.0.1'), 'listening');
  ({ port } = site.address() as AddressInfo);
  ({ api } = await fleet.pair({ CORS_ORIGINS: `http://127.0.0.1:${port}` }));
  ({ key } = await new Caller(api, await api.firstKey()).make(['predict']));
}, 120_000);

afterAll(async () => {
  site.closeAllConnections();
  site.close();
  await rm(folder, { recursive: true, force: true });
});

/** Has the client's files, and one page that does what `SCRIPT` says and shows what came of it. */
function serveSite(): Server {
  return createServer((request, response) => {
    const name = path.basename(request.url ?? '');
    if (!name.endsWith('.js')) {
      response.writeHead(200, { 'content-type': 'text/html' }).end(pageOf(SCRIPT));
      return;
    }
    readFile(path.join(folder, name)).then(
      (text) => response.writeHead(200, { 'content-type': 'text/javascript' }).end(text),
      () => response.writeHead(404).end(),
    );
  });
}

const SCRIPT = `
import { MillraceClient, MillraceError } from './millrace/millrace-client.js';
const millrace = new MillraceClient({ url: settings.url, key: settings.key, retries: 0 });
const { input } = settings;
const prediction = await millrace.predict({ model: 'iris', input });
const labels = [];
for await (const { output } of millrace.batch({ model: 'iris', rows: [input, input, input] })) labels.push(output.label);
const heard = [];
for await (const { event } of millrace.events(prediction.id)) heard.push(event);
const byBrowser = await new Promise((resolve) => {
  const events = new EventSource(prediction.urls.stream);
  events.addEventListener('output', ({ data }) => resolve(JSON.parse(data).label));
  events.addEventListener('done', () => events.close());
});
const refusal = await millrace.submit({ model: 'iris', input: {} }).catch((error) => error);
show({ status: prediction.status, labels, heard, byBrowser, refusal: [refusal instanceof MillraceError, refusal.code] });
`;

const pageOf = (
  script: string,
): string => `<!doctype html><title>A page of a client</title><link rel="icon" href="data:,">
<output></output>
<script>
const settings = ${JSON.stringify({ url: api.url, key, input: IRIS.input })};
const show = (result) => { document.querySelector('output').textContent = JSON.stringify(result); };
addEventListener('error', ({ error }) => show({ thrown: error.name }));
</script>
<script type="module">${script}</script>`;

async function resultAt(origin: string): Promise<{ result: unknown; complaints: readonly string[] }> {
  const { page, complaints } = await visit();
  await page.goto(origin);
  const output = page.locator('output');
  await output.filter({ hasText: '{' }).waitFor({ state: 'attached' });
  return { result: JSON.parse(await output.innerText()), complaints };
}

it('predicts, sends a batch and hears events from a page of an origin that may', async () => {
  const { result, complaints } = await resultAt(`http://127.0.0.1:${port}`);
  expect(result).toEqual({
    status: 'succeeded',
    labels: ['setosa', 'setosa', 'setosa'],
    heard: expect.arrayContaining(['output', 'completed']) as unknown,
    byBrowser: 'setosa',
    refusal: [true, 'invalid_request'],
  });
  expect(complaints).toEqual([expect.stringContaining('422')]);
});

it('reaches nobody from a page of another origin', async () => {
  const { result, complaints } = await resultAt(`http://localhost:${port}`);
  expect(result).toEqual({ thrown: 'MillraceUnreachableError' });
  expect(complaints.join('\n')).toContain('CORS policy');
});
