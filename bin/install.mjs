/** The packages of the lockfile, installed once a lockfile. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { lastLines, logFile, noSpace, PrepareError, readText, root, runLogged, sha256 } from './step.mjs';

const STAMP = path.join(root, 'node_modules', '.millrace-install');

/** True after our own install, and after any other that installed the same versions. */
export function isInstalled() {
  const lockText = readText('package-lock.json');
  const hash = sha256(lockText);
  if (readText(STAMP) === hash) return true;
  if (!holdsEveryPackage(lockText)) return false;
  writeFileSync(STAMP, hash);
  return true;
}

/** npm keeps a list of what it has installed; optional packages may be missing from it on this platform. */
function holdsEveryPackage(lockText) {
  const installed = readText(path.join(root, 'node_modules', '.package-lock.json'));
  if (installed === '' || lockText === '') return false;
  try {
    const present = JSON.parse(installed).packages;
    const wanted = Object.entries(JSON.parse(lockText).packages).filter(
      ([name, { optional }]) => name !== '' && !optional,
    );
    return wanted.every(([name, { version }]) => present[name]?.version === version);
  } catch {
    return false; // A torn file: install again.
  }
}

export async function install() {
  const log = logFile('install.log');
  // `npm start` knows which npm it is; a bare `node bin/start.mjs` takes the one on the PATH.
  const npm = process.env.npm_execpath;
  const [command, words] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  const options = [
    'ci',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--fetch-retries=1',
    '--fetch-retry-mintimeout=1000',
    '--fetch-retry-maxtimeout=5000',
  ];
  // Development packages too, whatever NODE_ENV says: they build the house.
  const code = await runLogged('Installing packages (npm ci)', command, [...words, ...options, '--include=dev'], log);
  if (code !== 0) throw installFailure(code, log);
  writeFileSync(STAMP, sha256(readText('package-lock.json')));
}

function installFailure(code, log) {
  const text = readText(log);
  const lines = lastLines(text.replace(/^npm (warn|notice).*$/gm, ''));
  if (code === 'ENOENT') {
    return new PrepareError('npm was not found: it comes with Node, see https://nodejs.org, or "apt-get install npm".');
  }
  if (/ENOSPC|no space left/i.test(text)) return noSpace();
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|EIDLETIMEOUT/.test(text)) {
    return new PrepareError(
      'The packages cannot be downloaded because npm cannot reach its registry: check the network and any proxy ' +
        'with "npm ping", then start again.',
    );
  }
  if (/EACCES|EPERM/.test(text)) {
    return new PrepareError(`npm may not write here: make the folder yours with "sudo chown -R $USER ${root}".`, lines);
  }
  return new PrepareError(`npm ci failed; its whole output is in ${log}, and "npm ci" repeats it.`, lines);
}
