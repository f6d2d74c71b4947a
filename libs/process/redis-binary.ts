/**
 * Finds a `redis-server` to start: one of the machine's own, or one fetched from the distribution into a folder.
 *
 * No package of the npm registry carries a server that runs everywhere, and a first start must not end with "install
 * Redis, then come back". So the distribution's own packages are downloaded and unpacked into the data directory.
 */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  debianName,
  environmentFor,
  fetchPackages,
  foldersOfLibraries,
  openFetched,
  PackageFetchError,
  type Wanted,
} from './debian-packages.js';
import { isNewEnough } from './redis-probe.js';

export interface RedisBinary {
  readonly command: string;
  readonly version: string;
  /** Folders of shared libraries that came with it; empty for one of the machine's own. */
  readonly libraryDirs: readonly string[];
  /** For people: where it is from. */
  readonly source: string;
}

const run = promisify(execFile);
const SERVERS = ['redis-server', 'valkey-server'] as const;
const WANTED: Wanted<RedisBinary> = {
  packages: ['redis-server', 'redis-tools'],
  programs: ['usr/bin/redis-server'],
  open: openUnpacked,
};

/** A server on the PATH that is new enough, or null. */
export async function findInstalled(): Promise<RedisBinary | null> {
  for (const command of SERVERS) {
    const version = await versionOf(command, []);
    if (version !== null && isNewEnough(version)) {
      return { command, version, libraryDirs: [], source: `${command} ${version} from the PATH` };
    }
  }
  return null;
}

/**
 * A server from the distribution's packages, unpacked below `folder`; fetched once, found there ever after.
 * @returns null where the system is no Debian or Ubuntu
 * @throws PackageFetchError when it is, and fetching failed
 */
export async function findOrFetch(folder: string, say: (line: string) => void): Promise<RedisBinary | null> {
  const cached = await openFetched(folder, WANTED);
  if (cached !== null) return cached;
  const system = await debianName();
  if (system === null) return null;
  const names = WANTED.packages.join(' and ');
  say(`Redis: fetching ${names} from ${system} into ${folder}; nothing is installed on the system`);
  const fetched = await fetchPackages(folder, WANTED);
  if (fetched === null)
    throw new PackageFetchError(`the server from ${system} does not run here, or is older than 6.2`);
  return fetched;
}

async function openUnpacked(root: string): Promise<RedisBinary | null> {
  const command = path.join(root, 'usr/bin/redis-server');
  const libraryDirs = await foldersOfLibraries(root);
  const version = await versionOf(command, libraryDirs);
  if (version === null || !isNewEnough(version)) return null;
  return { command, version, libraryDirs, source: `redis-server ${version}, fetched from the distribution` };
}

async function versionOf(command: string, libraryDirs: readonly string[]): Promise<string | null> {
  try {
    const { stdout } = await run(command, ['--version'], environmentFor(libraryDirs));
    return /\bv=(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? null;
  } catch {
    // Not there, or it cannot find its libraries: for the caller the same.
    return null;
  }
}
