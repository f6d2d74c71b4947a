/** How `npm start` ends where it cannot begin: at once, with one sentence, and with nothing fetched or started. */
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { millrace } from '#testing/command-line';

it.each(['PORT', 'OPS_PORT'])('%s is taken: no Redis is looked for', async (setting) => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'millrace-up-'));
  onTestFinished(() => rm(dataDir, { recursive: true }));
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ran = await millrace(['up'], { DATA_DIR: dataDir, PORT: '0', [setting]: String(port) });
  expect(ran).toEqual({
    code: 1,
    out: 'Looking for Redis\n',
    err: `Port ${port} is taken: choose another with "${setting}=${port + 1} npm start".\n`,
  });
  expect(await readdir(dataDir)).toEqual([]);
});
