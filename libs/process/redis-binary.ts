/**
 * Finds a `redis-server` to start: one of the machine's own, or one fetched from the distribution into a folder.
 *
 * No package of the npm registry carries a server that runs everywhere, and a first start must not end with "install
 * Redis, then come back". So the distribution's own packages are downloaded and unpacked into the data directory; the
 * system is not touched, not even apt's lists, and no root is needed.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { isNewEnough } from './redis-probe.js';

export interface RedisBinary {
  readonly command: string;
  readonly version: string;
  /** Folders of shared libraries that came with it; empty for one of the machine's own. */
  readonly libraryDirs: readonly string[];
  /** For people: where it is from. */
  readonly source: string;
}

/** What went wrong on the way to a fetched server, as a phrase. */
export class RedisFetchError extends Error {
  /** True where another way to get Redis would not help either. */
  readonly noSpace: boolean;

  constructor(message: string, options?: ErrorOptions & { noSpace?: boolean }) {
    super(message, options);
    this.noSpace = options?.noSpace ?? false;
  }
}

const run = promisify(execFile);
const SERVERS = ['redis-server', 'valkey-server'] as const;
const PACKAGES = ['redis-server', 'redis-tools'] as const;
/** Libraries of libraries: more rounds than any release needs. */
const LIBRARY_ROUNDS = 4;
const LONGEST_FETCH_MS = 15 * 60_000;

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
 * @throws RedisFetchError when it is, and fetching failed
 */
export async function findOrFetch(folder: string, say: (line: string) => void): Promise<RedisBinary | null> {
  const unpacked = path.join(folder, 'root');
  const cached = await openUnpacked(unpacked);
  if (cached !== null) return cached;
  const system = await debianName();
  if (system === null) return null;
  say(`Redis: fetching ${PACKAGES.join(' and ')} from ${system} into ${folder}; nothing is installed on the system`);
  await mkdir(folder, { recursive: true });
  await sweep(folder);
  const workshop = await mkdtemp(path.join(folder, 'fetching-'));
  try {
    await fetchInto(workshop);
    await putInPlace(path.join(workshop, 'root'), unpacked);
  } catch (error) {
    throw inWords(error);
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
  const fetched = await openUnpacked(unpacked);
  if (fetched === null) throw new RedisFetchError(`the server of ${system} does not run here, or is older than 6.2`);
  return fetched;
}

/** What interrupted starts have left. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const left = path.join(folder, name);
    if (!name.startsWith('fetching-')) continue;
    const { mtimeMs } = await stat(left);
    if (Date.now() - mtimeMs > LONGEST_FETCH_MS) await rm(left, { recursive: true, force: true });
  }
}

/** Only a complete tree gets the name that the next start looks for. Somebody beside us may have been faster. */
async function putInPlace(complete: string, unpacked: string): Promise<void> {
  try {
    await rename(complete, unpacked);
  } catch {
    if ((await openUnpacked(unpacked)) !== null) return;
    await rm(unpacked, { recursive: true, force: true });
    await rename(complete, unpacked);
  }
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

/** Spawn options: a fetched server needs its libraries and nothing else of our environment. */
export function environmentFor(libraryDirs: readonly string[]): { env?: NodeJS.ProcessEnv } {
  if (libraryDirs.length === 0) return {};
  return { env: { LD_LIBRARY_PATH: libraryDirs.join(':'), PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } };
}

async function debianName(): Promise<string | null> {
  try {
    const release = await readFile('/etc/os-release', 'utf8');
    if (!/^ID(?:_LIKE)?=.*\b(?:debian|ubuntu)\b/m.test(release)) return null;
    await run('apt-get', ['--version']);
    await run('dpkg-deb', ['--version']);
    return /^NAME="?([^"\n]+)/m.exec(release)?.[1] ?? 'Debian';
  } catch {
    return null;
  }
}

async function fetchInto(workshop: string): Promise<void> {
  const root = path.join(workshop, 'root');
  await mkdir(root, { recursive: true });
  const apt = await unpackServer(workshop, root);
  let wanted: readonly string[] = PACKAGES;
  const fetched = new Set<string>(PACKAGES);
  for (let round = 0; round < LIBRARY_ROUNDS && (await lacksLibraries(root)); round += 1) {
    wanted = await apt.librariesOf(wanted, fetched);
    if (wanted.length === 0) break;
    await apt.unpack(wanted, root);
    for (const name of wanted) fetched.add(name);
  }
  if (await lacksLibraries(root)) throw new RedisFetchError('its libraries could not all be found');
}

/**
 * Tries the system's lists of packages first. Where they are empty, as in a fresh container, or too old to download
 * from, lists of our own are read: an ordinary user can do that as well, and the system's stay as they are.
 */
async function unpackServer(workshop: string, root: string): Promise<Apt> {
  try {
    const apt = new Apt(workshop, []);
    await apt.unpack(PACKAGES, root);
    return apt;
  } catch {
    const apt = await Apt.withOwnLists(workshop);
    await apt.unpack(PACKAGES, root);
    return apt;
  }
}

class Apt {
  /** @param workshop folder to download into */
  constructor(
    private readonly workshop: string,
    private readonly options: readonly string[],
  ) {}

  static async withOwnLists(workshop: string): Promise<Apt> {
    await mkdir(path.join(workshop, 'lists/partial'), { recursive: true });
    await mkdir(path.join(workshop, 'cache/archives/partial'), { recursive: true });
    const own = [`Dir::State::Lists=${workshop}/lists`, `Dir::Cache=${workshop}/cache`];
    const apt = new Apt(
      workshop,
      own.flatMap((option) => ['-o', option]),
    );
    await apt.#run('apt-get', 'update', '-qq', '--error-on=any');
    return apt;
  }

  async unpack(packages: readonly string[], root: string): Promise<void> {
    await this.#run('apt-get', '-q', 'download', ...packages);
    for (const file of (await readdir(this.workshop)).filter((name) => name.endsWith('.deb'))) {
      await run('dpkg-deb', ['-x', file, root], { cwd: this.workshop });
      await rm(path.join(this.workshop, file));
    }
  }

  /** Libraries that the packages depend on, without those that the system or `have` has. */
  async librariesOf(packages: readonly string[], have: ReadonlySet<string>): Promise<string[]> {
    const text = await this.#run('apt-cache', 'depends', ...packages);
    const names = [...text.matchAll(/^\s*\|?(?:Pre)?Depends: ((?:lib|lua)\S+)$/gm)].map(([, name = '']) => name);
    const wanted: string[] = [];
    for (const name of new Set(names)) if (!have.has(name) && !(await isInstalled(name))) wanted.push(name);
    return wanted;
  }

  /** In English, whatever the user's language: what it says is read by us. A proxy in the environment stays. */
  async #run(command: string, ...words: string[]): Promise<string> {
    const fixed = ['Acquire::Retries=1', 'Acquire::http::Timeout=20', 'APT::Sandbox::User=root'];
    const options = [...this.options, ...fixed.flatMap((option) => ['-o', option])];
    const { stdout } = await run('env', ['LC_ALL=C', command, ...options, ...words], {
      cwd: this.workshop,
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  }
}

async function isInstalled(name: string): Promise<boolean> {
  try {
    const { stdout } = await run('dpkg-query', ['-W', '-f=${Status}', name]);
    return stdout.includes('ok installed');
  } catch {
    return false;
  }
}

async function lacksLibraries(root: string): Promise<boolean> {
  const environment = environmentFor(await foldersOfLibraries(root));
  const { stdout } = await run('ldd', [path.join(root, 'usr/bin/redis-server')], environment);
  return stdout.includes('not found');
}

async function foldersOfLibraries(root: string): Promise<string[]> {
  const folders = new Set<string>();
  for (const below of ['lib', 'usr/lib']) {
    const files = await readdir(path.join(root, below), { recursive: true, withFileTypes: true }).catch(() => []);
    for (const file of files) if (/\.so(\.|$)/.test(file.name)) folders.add(file.parentPath);
  }
  return [...folders];
}

function inWords(error: unknown): RedisFetchError {
  if (error instanceof RedisFetchError) return error;
  const { stderr = '', code, message } = error as { stderr?: string; code?: unknown; message: string };
  const text = `${String(code)} ${stderr} ${message}`;
  if (/ENOSPC|No space left/i.test(text)) return new RedisFetchError('no space', { cause: error, noSpace: true });
  if (/Temporary failure|Could not resolve|Could not connect|Failed to fetch|Unable to fetch|timed out/i.test(text)) {
    return new RedisFetchError('the package servers cannot be reached', { cause: error });
  }
  const firstLine = /^E: (.*)$/m.exec(stderr)?.[1] ?? message.split('\n')[0];
  return new RedisFetchError(firstLine ?? 'for an unknown reason', { cause: error });
}
