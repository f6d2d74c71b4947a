/** What the steps of a preparation share: where things are, how a long command is run, how a failure is told. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitWithProgress } from './progress.mjs';

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

const LAST_LINES = 12;

/** A failure that a person can mend: one sentence, and the lines of a log that say more. */
export class PrepareError extends Error {
  constructor(sentence, lines = []) {
    super(sentence);
    this.lines = lines;
  }
}

/** @returns the failure that a person can mend, or the error as it is */
export function inWords(error) {
  if (error.code === 'ENOSPC') return noSpace();
  if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) return error;
  return new PrepareError(`${error.path ?? root} cannot be written: make it yours with "sudo chown -R $USER ${root}".`);
}

export function noSpace() {
  return new PrepareError('No space is left on the device: free about 1 GB ("df -h ." shows it), then start again.');
}

/** @returns the exit code, or the code of the error that kept it from starting */
export function runLogged(label, command, words, log) {
  const output = openSync(log, 'w');
  const child = spawn(command, words, { cwd: root, stdio: ['ignore', output, output] });
  closeSync(output);
  const ended = new Promise((resolve) => {
    child.once('error', (error) => resolve(error.code));
    child.once('exit', (code) => resolve(code ?? 1));
  });
  return waitWithProgress(label, ended);
}

/** Its folder is created with it. */
export function logFile(name) {
  const folder = path.join(workDir(), 'logs');
  mkdirSync(folder, { recursive: true });
  return path.join(folder, name);
}

/** Always the clone's own folder: fleets with other data directories share the packages and the build. */
export function workDir() {
  const folder = path.join(root, '.millrace');
  mkdirSync(folder, { recursive: true });
  return folder;
}

export function lastLines(text) {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-LAST_LINES);
}

export function readText(file) {
  try {
    return readFileSync(path.resolve(root, file), 'utf8');
  } catch {
    return ''; // Not there: the same as empty for everybody who asks.
  }
}

export function sha256(text) {
  return createHash('sha256').update(text).digest('hex');
}
