/** `dist`: compiled when the sources are not those that it was compiled from. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { lastLines, logFile, noSpace, PrepareError, readText, root, runLogged } from './step.mjs';

const STAMP = path.join(root, 'dist', '.millrace-build');
const ENTRY = path.join(root, 'dist', 'apps', 'cli', 'main.js');
const SOURCE_FOLDERS = ['apps', 'libs', 'bench'];
const SOURCE_FILES = ['tsconfig.json', 'tsconfig.build.json', 'package.json'];

export function isBuilt() {
  return readText(STAMP) === fingerprint() && existsSync(ENTRY);
}

export async function build() {
  const before = fingerprint();
  // The compiler's own notes may say "nothing to do" although somebody deleted what it wrote.
  if (!existsSync(ENTRY)) rmSync(path.join(root, 'dist', '.tsbuildinfo'), { force: true });
  const log = logFile('build.log');
  const code = await runLogged('Building (tsc)', process.execPath, compiler(), log);
  const text = readText(log);
  if (/ENOSPC|no space left/i.test(text)) throw noSpace();
  if (code !== 0) throw new PrepareError('The build failed: "npm run build" repeats it.', lastLines(text));
  stampBuild(before);
}

/** Arguments for Node that compile the house. */
export function compiler(...more) {
  return [
    path.join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
    '-p',
    path.join(root, 'tsconfig.build.json'),
    ...more,
  ];
}

/** Says that `dist` is the build of the sources as they are, or were. */
export function stampBuild(print = fingerprint()) {
  writeFileSync(STAMP, print);
}

/** A hash of names and contents: times would change with every checkout. */
function fingerprint() {
  const hash = createHash('sha256');
  const files = SOURCE_FOLDERS.flatMap((folder) => sourcesBelow(path.join(root, folder)));
  for (const file of [...files, ...SOURCE_FILES.map((name) => path.join(root, name))]) {
    hash.update(path.relative(root, file)).update('\0').update(readText(file)).update('\0');
  }
  return hash.digest('hex');
}

function sourcesBelow(folder) {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : sourcesBelow(file);
    return /(?<!\.spec)\.ts$/.test(entry.name) ? [file] : [];
  });
}
