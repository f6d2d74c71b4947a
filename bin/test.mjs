/** `npm test`: everything prepared as for a start, then all tests. Arguments go to vitest. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { prepared } from './prepare.mjs';
import { root } from './step.mjs';

await prepared(() => {
  const vitest = path.join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
  // In a terminal both get Ctrl-C; what is sent to this process alone is passed on.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.once('exit', (code) => process.exit(code ?? 1));
});
