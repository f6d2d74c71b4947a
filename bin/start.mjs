/**
 * `npm start`: from a fresh clone to a running fleet. `npm run dev` is the same with `--watch`: the compiler stays, and
 * each build without errors restarts the app processes.
 */
import { spawn } from 'node:child_process';
import { compiler, isBuilt, stampBuild } from './build.mjs';
import { importBuilt, prepared } from './prepare.mjs';
import { root } from './step.mjs';

const words = process.argv.slice(2);
const watch = words.includes('--watch');

await prepared(() => {
  process.setSourceMapsEnabled(true);
  if (watch) keepCompiling();
  // In this very process, so that Ctrl-C and exit codes are its own.
  process.argv.splice(2, Infinity, 'up', ...words);
  return importBuilt('apps/cli/main.js');
});

/** The stamp is what `up --watch` watches. */
function keepCompiling() {
  // Ends with us even when we are killed: the channel between us then closes.
  const endWithParent = ['--import', "data:text/javascript,process.once('disconnect', () => process.exit())"];
  const words = [...endWithParent, ...compiler('--watch', '--preserveWatchOutput', '--pretty', 'false')];
  const child = spawn(process.execPath, words, { cwd: root, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  let first = true;
  child.stdout.on('data', (chunk) => {
    const text = String(chunk);
    if (!/Found 0 errors/.test(text)) return void (/error TS/.test(text) && process.stderr.write(text));
    // The first round mostly repeats what has just been built.
    if (!first || !isBuilt()) stampBuild();
    first = false;
  });
  process.once('exit', () => child.kill());
}
