/** `millrace` as somebody at a terminal runs it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { projectRoot } from '#config/settings';

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export async function millrace(words: readonly string[], settings: Readonly<Record<string, string>>): Promise<Ran> {
  const program = path.join(projectRoot(), 'dist', 'apps', 'cli', 'main.js');
  const child = spawn(process.execPath, [program, ...words], {
    env: { PATH: process.env['PATH'], ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const [[code], out, err] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
  return { code, out, err };
}
