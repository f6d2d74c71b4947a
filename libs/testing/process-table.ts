/** Which processes exist, by the system's own word. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Process ids of the children of `pid` whose command line holds `word`. */
export async function childrenOf(pid: number, word = ''): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,stat=,args=']);
  return stdout.split('\n').flatMap((line) => {
    const [, child, parent, state = '', command = ''] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    return Number(parent) === pid && !state.startsWith('Z') && command.includes(word) ? [Number(child)] : [];
  });
}

/** True while the process runs; one that has ended and was not waited for by its parent does not. */
export async function isRunning(pid: number): Promise<boolean> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=', '-p', String(pid)]);
    return !stdout.trim().startsWith('Z');
  } catch {
    return false; // `ps` ends with 1 where there is no such process.
  }
}
