/** The load profile as a Markdown table. */
import { formatNumber } from './alternating-rounds.js';
import type { ProfileRow } from './load-profile.js';
import type { ProcessCost } from './observer.js';

const MEGABYTE = 1_000_000;

export function renderProfile(rows: readonly ProfileRow[]): string {
  const header = [
    'workers',
    'connections',
    'predictions/s',
    'p50 ms',
    'p95 ms',
    'p99 ms',
    'refused (422)',
    'errors',
    'cores by process',
    'idle',
    'others',
    'memory by process, MB',
    'full first',
  ];
  return markdownTable(header, rows.map(cells));
}

function cells(row: ProfileRow): string[] {
  const { cost } = row;
  return [
    String(row.workers),
    String(row.connections),
    formatNumber(row.perSecond),
    ...[row.p50Ms, row.p95Ms, row.p99Ms].map((ms) => ms.toFixed(1)),
    String(row.refused),
    String(row.errors),
    list(cost.processes, ({ cores }) => cores.toFixed(2)),
    cost.idleCores.toFixed(2),
    (cost.foreignCores + cost.stolenCores).toFixed(2),
    list(
      cost.processes.filter(({ name }) => name !== 'generator'),
      ({ largestResidentBytes }) => String(Math.round(largestResidentBytes / MEGABYTE)),
    ),
    row.fullFirst,
  ];
}

export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

function list(processes: readonly ProcessCost[], read: (process: ProcessCost) => string): string {
  return processes.map((process) => `${process.name} ${read(process)}`).join(', ');
}
