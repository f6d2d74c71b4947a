/**
 * `dist/client`: our own client as a folder to copy. It says itself that its files are modules, since the nearest
 * package.json decides, and the one that `npm init` writes may say that they are not.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './step.mjs';

const compiler = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.client.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);
writeFileSync(path.join(root, 'dist', 'client', 'package.json'), '{ "type": "module" }\n');
