import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ProcessLog } from './process-log.js';

let folder: string;
let lines: string[];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'millrace-log-'));
  lines = [];
});
afterEach(() => rm(folder, { recursive: true }));

async function write(log: ProcessLog, ...chunks: (string | Buffer)[]): Promise<void> {
  const output = new PassThrough();
  log.follow(output);
  const ended = new Promise((resolve) => output.once('end', resolve));
  for (const chunk of chunks) output.write(chunk);
  output.end();
  await ended;
  await log.close();
}

it('gives whole lines, however they arrive, and keeps them all', async () => {
  const [first, second] = [Buffer.from('zwölf').subarray(0, 3), Buffer.from('zwölf').subarray(3)];
  await write(new ProcessLog(folder, 'api', (line) => lines.push(line)), 'one\ntw', 'o\n', first, second, '\nlast');
  expect(lines).toEqual(['one', 'two', 'zwölf', 'last']);
  expect(await readFile(path.join(folder, 'api.log'), 'utf8')).toBe('one\ntwo\nzwölf\nlast\n');
});

it('begins a new file at its limit and keeps the one before', async () => {
  const log = new ProcessLog(folder, 'api', () => undefined, 10);
  await write(log, '0123456789\n', 'next\n');
  expect(await readFile(path.join(folder, 'api.log.1'), 'utf8')).toBe('0123456789\n');
  expect(await readFile(path.join(folder, 'api.log'), 'utf8')).toBe('next\n');
});

it('knows the size of a file from an earlier start', async () => {
  await write(new ProcessLog(folder, 'api', () => undefined, 10), '0123456789\n');
  await write(new ProcessLog(folder, 'api', () => undefined, 10), 'later\n');
  expect(await readFile(path.join(folder, 'api.log'), 'utf8')).toBe('later\n');
});

it('cuts a line without an end', async () => {
  await write(new ProcessLog(folder, 'api', (line) => lines.push(line)), 'x'.repeat(300 * 1024), 'y\n');
  expect(lines.map((line) => line.length)).toEqual([300 * 1024, 1]);
});

it('says once that the file cannot be written, and goes on', async () => {
  const log = new ProcessLog(path.join(folder, 'logs'), 'api', (line) => lines.push(line));
  await rm(path.join(folder, 'logs'), { recursive: true });
  const output = new PassThrough();
  log.follow(output);
  output.write('one\n');
  await expect.poll(() => lines.length, { timeout: 10_000 }).toBe(2);
  output.write('two\n');
  await expect.poll(() => lines.at(-1), { timeout: 10_000 }).toBe('two');
  expect(lines.filter((line) => line.includes('cannot be written'))).toHaveLength(1);
});
