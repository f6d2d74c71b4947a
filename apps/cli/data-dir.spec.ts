import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { CliError } from './cli-error.js';
import { mustBeWritable } from './data-dir.js';

it('makes the folder, and says in one sentence where none can be', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'millrace-data-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mustBeWritable(path.join(folder, 'new', 'data'));
  expect((await stat(path.join(folder, 'new', 'data'))).isDirectory()).toBe(true);

  const file = path.join(folder, 'file');
  await writeFile(file, '');
  for (const wrong of [file, path.join(file, 'below')]) {
    const attempt = mustBeWritable(wrong);
    await expect(attempt).rejects.toThrow(CliError);
    await expect(attempt).rejects.toThrow(`Setting DATA_DIR: ${wrong} is not a folder, and none can be created there.`);
  }
});
