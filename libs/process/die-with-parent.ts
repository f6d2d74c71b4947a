/** Children that end with their parent, even when it is killed with -9. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

let available: Promise<boolean> | null = null;

/**
 * Asks the kernel to signal the child when its parent dies (Linux, `setpriv` of util-linux). Elsewhere the command
 * stays as it is, and the caller has its second net: an IPC channel that closes, a claim that the next start reads.
 * @returns command and arguments for `spawn`; the child's pid and command line are those of `command`
 */
export async function dieWithParent(
  signal: 'TERM' | 'KILL',
  command: string,
  words: readonly string[],
): Promise<[string, string[]]> {
  available ??= promisify(execFile)('setpriv', ['--pdeathsig', 'KILL', 'true']).then(
    () => true,
    () => false,
  );
  return (await available) ? ['setpriv', ['--pdeathsig', signal, command, ...words]] : [command, [...words]];
}
