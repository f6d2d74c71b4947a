/**
 * What every command of the house does first: the right Node, the packages of the lockfile, a build of these sources.
 *
 * Runs before `node_modules` exists, so it imports nothing but Node. Each step is skipped when its stamp says that
 * nothing has changed, which costs some 30 ms; an image carries `dist` without sources and skips all of it.
 */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, isBuilt } from './build.mjs';
import { install, isInstalled } from './install.mjs';
import { waitWithProgress } from './progress.mjs';
import { inWords, PrepareError, readText, root, workDir } from './step.mjs';

const OLDEST_NODE = [20, 19];

/**
 * Prepares the clone and then runs `next`; ends the process with one sentence when it cannot.
 * @param {() => unknown} next
 */
export async function prepared(next) {
  try {
    await prepare();
  } catch (caught) {
    const error = inWords(caught);
    if (!(error instanceof PrepareError)) throw error;
    for (const line of error.lines) console.error(`  ${line}`);
    console.error(error.message);
    process.exit(1);
  }
  await next();
}

/** Imports a compiled module of the house. */
export function importBuilt(file) {
  return import(pathToFileURL(path.join(root, 'dist', file)).href);
}

async function prepare() {
  checkNode();
  if (!existsSync(path.join(root, 'tsconfig.build.json'))) return;
  if (isInstalled() && isBuilt()) return;
  const release = await lock();
  try {
    // Asked again: whoever held the lock may have done it.
    if (!isInstalled()) await install();
    if (!isBuilt()) await build();
  } finally {
    release();
  }
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new PrepareError(
    `Millrace needs Node ${OLDEST_NODE.join('.')} or newer and this is ${process.versions.node}: ` +
      'get one from https://nodejs.org, or with "nvm install 24" or "brew install node".',
  );
}

/** Two first starts at once would write the same files; the second waits for the first. */
async function lock() {
  const file = path.join(workDir(), 'prepare.lock');
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      await waitWithProgress('Another start is installing or building', waitForLock(file));
    }
  }
}

async function waitForLock(file) {
  for (let unreadable = 0; existsSync(file);) {
    const holder = Number(readText(file));
    // A full disk leaves a lock without a name in it; nobody takes a second to write one.
    unreadable = holder > 0 ? 0 : unreadable + 1;
    if (unreadable > 5 || (holder > 0 && !isAlive(holder))) return rmSync(file, { force: true });
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
