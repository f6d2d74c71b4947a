/**
 * Prometheus and Alertmanager with their tools, for checks and tests: the machine's own, or the distribution's packages
 * unpacked into a folder. No process of a fleet needs them.
 */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { debianName, fetchPackages, openFetched, PackageFetchError, type Wanted } from './debian-packages.js';

/** Commands to start. */
export interface MonitoringTools {
  readonly prometheus: string;
  readonly promtool: string;
  readonly alertmanager: string;
  readonly amtool: string;
  /** Folder to start Alertmanager in; undefined where any will do. */
  readonly alertmanagerCwd: string | undefined;
  /** For people: where they are from. */
  readonly source: string;
}

/** They cannot be had here; the message is one sentence that says what helps. */
export class MonitoringToolsError extends Error {
  constructor(why: string, options?: ErrorOptions) {
    super(
      `Prometheus and Alertmanager are not installed and ${why}: get them with ` +
        '"sudo apt-get install prometheus prometheus-alertmanager" (Debian, Ubuntu), ' +
        '"brew install prometheus alertmanager" (macOS), or from https://prometheus.io/download into the PATH.',
      options,
    );
    this.name = 'MonitoringToolsError';
  }
}

const run = promisify(execFile);
/** Debian gives Alertmanager a longer name than its makers do. */
const ALERTMANAGERS = ['alertmanager', 'prometheus-alertmanager'] as const;
const WANTED: Wanted<MonitoringTools> = {
  packages: ['prometheus', 'prometheus-alertmanager'],
  programs: ['usr/bin/prometheus', 'usr/bin/promtool', 'usr/bin/prometheus-alertmanager', 'usr/bin/amtool'],
  open: (root) => findBelow(path.join(root, 'usr/bin'), 'fetched from the distribution', root),
  prepare: (root) => loosen(path.join(root, 'usr/bin/prometheus-alertmanager')),
};

/**
 * Debian's Alertmanager reads its own templates from a folder whose name is compiled in, and does not start without. In
 * our copy that name begins where it is started: as long as before, so that nothing else in the file moves.
 */
async function loosen(file: string): Promise<void> {
  const from = '/usr/share/prometheus/alertmanager';
  const to = 'usr//share/prometheus/alertmanager';
  const program = await readFile(file, 'latin1');
  await writeFile(file, program.replaceAll(from, to), 'latin1');
}

/** @throws MonitoringToolsError where there is no way to them */
export async function findMonitoringTools(folder: string, say: (line: string) => void): Promise<MonitoringTools> {
  const found = (await findBelow('', 'from the PATH')) ?? (await openFetched(folder, WANTED));
  if (found !== null) return found;
  const system = await debianName();
  if (system === null) throw new MonitoringToolsError('this is not a Debian or Ubuntu system to fetch them from');
  say(`Prometheus: fetching ${WANTED.packages.join(' and ')} from ${system}; nothing is installed on the system`);
  try {
    const fetched = await fetchPackages(folder, WANTED);
    if (fetched !== null) return fetched;
  } catch (error) {
    if (!(error instanceof PackageFetchError)) throw error;
    throw new MonitoringToolsError(`could not be fetched (${error.message})`, { cause: error });
  }
  throw new MonitoringToolsError(`the ones from ${system} do not run here`);
}

/** All four or none: tools of another release than their server would check by other rules. */
async function findBelow(folder: string, where: string, root?: string): Promise<MonitoringTools | null> {
  const [prometheus, promtool, amtool, ...alertmanagers] = await Promise.all(
    ['prometheus', 'promtool', 'amtool', ...ALERTMANAGERS].map((name) => open(path.join(folder, name))),
  );
  const alertmanager = alertmanagers.find((one) => one !== null);
  if (!prometheus || !promtool || !amtool || !alertmanager) return null;
  return {
    prometheus: prometheus.command,
    promtool: promtool.command,
    alertmanager: alertmanager.command,
    amtool: amtool.command,
    alertmanagerCwd: root,
    source: `Prometheus ${prometheus.version} and Alertmanager ${alertmanager.version}, ${where}`,
  };
}

async function open(command: string): Promise<{ command: string; version: string } | null> {
  try {
    const { stdout, stderr } = await run(command, ['--version']);
    const version = /version (\d+\.\d+\.\d+)/.exec(stdout + stderr)?.[1];
    return version === undefined ? null : { command, version };
  } catch {
    return null; // Not there, or not for this machine: for the caller the same.
  }
}
