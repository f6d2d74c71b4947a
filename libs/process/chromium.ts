/**
 * A Chromium for tests: the machine's own, or the distribution's packages unpacked into a folder. No process of a fleet
 * needs it.
 */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
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

export interface Chromium {
  /** A whole path. */
  readonly command: string;
  readonly version: string;
  /** The environment that it needs, with libraries and fonts that came with it; null for one of the machine's own. */
  readonly env: NodeJS.ProcessEnv | null;
}

/** It cannot be had here; the message is one sentence that says what helps. */
class ChromiumError extends Error {
  constructor(why: string, options?: ErrorOptions) {
    super(
      `Chromium is not installed and ${why}: get it with "sudo apt-get install chromium" (Debian), ` +
        '"brew install --cask chromium" (macOS), or have Google Chrome in the PATH.',
      options,
    );
    this.name = 'ChromiumError';
  }
}

const run = promisify(execFile);
const INSTALLED = ['chromium', 'chromium-browser', 'google-chrome'] as const;
/** Beside the program, as its packages have it: the one without windows needs fewer libraries. */
const PROGRAM = 'usr/lib/chromium/chromium-headless-shell';
const FONTS = 'fonts.conf';
const WANTED: Wanted<Chromium> = {
  packages: ['chromium-headless-shell', 'chromium-common', 'fonts-dejavu-core'],
  programs: [PROGRAM],
  open: openUnpacked,
  prepare: (root) => writeFile(path.join(root, FONTS), FONTS_FILE),
};
/** Its own fonts and no others, so that a page looks the same on every machine without a browser. */
const FONTS_FILE = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
<dir prefix="relative">usr/share/fonts</dir>
<alias><family>system-ui</family><prefer><family>DejaVu Sans</family></prefer></alias>
<alias><family>sans-serif</family><prefer><family>DejaVu Sans</family></prefer></alias>
<alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
`;

/** @throws ChromiumError where there is no way to one */
export async function findChromium(folder: string, say: (line: string) => void): Promise<Chromium> {
  const found = (await findInstalled()) ?? (await openFetched(folder, WANTED));
  if (found !== null) return found;
  const system = await debianName();
  if (system === null) throw new ChromiumError('this is not a Debian system to fetch it from');
  say(`Chromium: fetching ${WANTED.packages.join(', ')} from ${system}; nothing is installed on the system`);
  try {
    const fetched = await fetchPackages(folder, WANTED);
    if (fetched !== null) return fetched;
  } catch (error) {
    if (!(error instanceof PackageFetchError)) throw error;
    throw new ChromiumError(`could not be fetched (${error.message})`, { cause: error });
  }
  throw new ChromiumError(`the one from ${system} does not run here`);
}

async function findInstalled(): Promise<Chromium | null> {
  for (const name of INSTALLED) {
    const command = await pathOf(name);
    const version = command === null ? null : await versionOf(command, null);
    if (command !== null && version !== null) return { command, version, env: null };
  }
  return null;
}

/** Who starts it asks for a whole path. */
async function pathOf(name: string): Promise<string | null> {
  try {
    const { stdout } = await run('sh', ['-c', 'command -v "$0"', name]);
    return stdout.trim();
  } catch {
    return null;
  }
}

async function openUnpacked(root: string): Promise<Chromium | null> {
  const command = path.join(root, PROGRAM);
  const { env: own = {} } = environmentFor(await foldersOfLibraries(root));
  const env = { ...own, FONTCONFIG_FILE: path.join(root, FONTS) };
  const version = await versionOf(command, env);
  return version === null ? null : { command, version, env };
}

async function versionOf(command: string, env: NodeJS.ProcessEnv | null): Promise<string | null> {
  try {
    const { stdout } = await run(command, ['--version'], env === null ? {} : { env });
    return /\b(\d+\.\d+\.\d+\.\d+)\b/.exec(stdout)?.[1] ?? null;
  } catch {
    return null; // Not there, or it cannot find its libraries: for the caller the same.
  }
}
