import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** @returns git's name of the source in a folder, or null where there is no git, or no repository */
export async function sourceCommit(folder: string): Promise<string | null> {
  try {
    const { stdout } = await run('git', ['-C', folder, 'rev-parse', '--verify', 'HEAD']);
    return stdout.trim();
  } catch {
    return null;
  }
}
