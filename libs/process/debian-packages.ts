/**
 * Programs of the distribution's own packages, without installing them: downloaded and unpacked into a folder of ours.
 * The system is not touched, not even apt's lists, and no root is needed.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

/** What is wanted of the distribution. */
export interface Wanted<T> {
  readonly packages: readonly string[];
  /** Programs, below the tree's root, that must find all their libraries. */
  readonly programs: readonly string[];
  /** Looks at an unpacked tree; null where it does not hold what is wanted. */
  readonly open: (root: string) => Promise<T | null>;
  /** What a program needs in order to run outside `/`; called once, before the tree is in its place. */
  readonly prepare?: (root: string) => Promise<void>;
}

/** What went wrong on the way to a fetched program, as a phrase. */
export class PackageFetchError extends Error {
  /** True where another way to get it would not help either. */
  readonly noSpace: boolean;

  constructor(message: string, options?: ErrorOptions & { noSpace?: boolean }) {
    super(message, options);
    this.noSpace = options?.noSpace ?? false;
  }
}

const run = promisify(execFile);
/** Libraries of libraries: more rounds than any release needs. */
const LIBRARY_ROUNDS = 4;
const LONGEST_FETCH_MS = 15 * 60_000;

/** What an earlier call has left below `folder`; null where there is nothing of use. */
export function openFetched<T>(folder: string, wanted: Wanted<T>): Promise<T | null> {
  return wanted.open(path.join(folder, 'root'));
}

/**
 * Fetches the packages into `folder`, where `openFetched` finds them ever after.
 * @returns null where what was fetched does not run here
 * @throws PackageFetchError when fetching failed
 */
export async function fetchPackages<T>(folder: string, wanted: Wanted<T>): Promise<T | null> {
  await mkdir(folder, { recursive: true });
  await sweep(folder);
  const workshop = await mkdtemp(path.join(folder, 'fetching-'));
  try {
    await fetchInto(workshop, wanted);
    await wanted.prepare?.(path.join(workshop, 'root'));
    await putInPlace(path.join(workshop, 'root'), folder, wanted);
  } catch (error) {
    throw inWords(error);
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
  return openFetched(folder, wanted);
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
async function putInPlace<T>(complete: string, folder: string, wanted: Wanted<T>): Promise<void> {
  const unpacked = path.join(folder, 'root');
  try {
    await rename(complete, unpacked);
  } catch {
    if ((await wanted.open(unpacked)) !== null) return;
    await rm(unpacked, { recursive: true, force: true });
    await rename(complete, unpacked);
  }
}

/** Spawn options: a fetched program needs its libraries and nothing else of our environment. */
export function environmentFor(libraryDirs: readonly string[]): { env?: NodeJS.ProcessEnv } {
  if (libraryDirs.length === 0) return {};
  return { env: { LD_LIBRARY_PATH: libraryDirs.join(':'), PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } };
}

/** Null where the system has no Debian packages. */
export async function debianName(): Promise<string | null> {
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

async function fetchInto<T>(workshop: string, { packages, programs }: Wanted<T>): Promise<void> {
  const root = path.join(workshop, 'root');
  await mkdir(root, { recursive: true });
  const apt = await unpackFirst(workshop, packages, root);
  let wanted = packages;
  const fetched = new Set(packages);
  for (let round = 0; round < LIBRARY_ROUNDS && (await lacksLibraries(root, programs)); round += 1) {
    wanted = await apt.librariesOf(wanted, fetched);
    if (wanted.length === 0) break;
    await apt.unpack(wanted, root);
    for (const name of wanted) fetched.add(name);
  }
  if (await lacksLibraries(root, programs)) throw new PackageFetchError('its libraries could not all be found');
}

/**
 * Tries the system's lists of packages first. Where they are empty, as in a fresh container, or too old to download
 * from, lists of our own are read: an ordinary user can do that as well, and the system's stay as they are.
 */
async function unpackFirst(workshop: string, packages: readonly string[], root: string): Promise<Apt> {
  try {
    const apt = new Apt(workshop, []);
    await apt.unpack(packages, root);
    return apt;
  } catch {
    const apt = await Apt.withOwnLists(workshop);
    await apt.unpack(packages, root);
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

async function lacksLibraries(root: string, programs: readonly string[]): Promise<boolean> {
  const environment = environmentFor(await foldersOfLibraries(root));
  for (const program of programs) {
    const { stdout } = await run('ldd', [path.join(root, program)], environment);
    if (stdout.includes('not found')) return true;
  }
  return false;
}

/** Folders of shared libraries in an unpacked tree. */
export async function foldersOfLibraries(root: string): Promise<string[]> {
  const folders = new Set<string>();
  for (const below of ['lib', 'usr/lib']) {
    const files = await readdir(path.join(root, below), { recursive: true, withFileTypes: true }).catch(() => []);
    for (const file of files) if (/\.so(\.|$)/.test(file.name)) folders.add(file.parentPath);
  }
  return [...folders];
}

function inWords(error: unknown): PackageFetchError {
  if (error instanceof PackageFetchError) return error;
  const { stderr = '', code, message } = error as { stderr?: string; code?: unknown; message: string };
  const text = `${String(code)} ${stderr} ${message}`;
  if (/ENOSPC|No space left/i.test(text)) return new PackageFetchError('no space', { cause: error, noSpace: true });
  if (/Temporary failure|Could not resolve|Could not connect|Failed to fetch|Unable to fetch|timed out/i.test(text)) {
    return new PackageFetchError('the package servers cannot be reached', { cause: error });
  }
  const firstLine = /^E: (.*)$/m.exec(stderr)?.[1] ?? message.split('\n')[0];
  return new PackageFetchError(firstLine ?? 'for an unknown reason', { cause: error });
}
