/** Part d: what each process holds, at rest and under load. */
import { setTimeout as sleep } from 'node:timers/promises';
import { renderTable } from '../apps/cli/table.js';
import type { Cost, Watched } from './observer.js';
import { residentBytes } from './processor-time.js';

const MEGABYTE = 1_000_000;
const REST_MS = 3_000;

/** Resident bytes by process, in the order in which the processes were named. */
export type MemoryUse = ReadonlyMap<string, number>;

/** Of processes that have started and done nothing yet. */
export async function memoryAtRest(processes: readonly Watched[]): Promise<MemoryUse> {
  await sleep(REST_MS);
  return new Map(processes.map(({ name, pid }) => [name, residentBytes(pid)]));
}

export function renderMemory(what: string, atRest: MemoryUse, costs: readonly Cost[]): string {
  const rows = [...atRest].map(([name, bytes]) => {
    const largest = costs.flatMap(({ processes }) => processes.filter((one) => one.name === name));
    const most = Math.max(0, ...largest.map(({ largestResidentBytes }) => largestResidentBytes));
    return [name, String(Math.round(bytes / MEGABYTE)), String(Math.round(most / MEGABYTE))];
  });
  return renderTable([`d: memory in MB, ${what}`, 'at rest', 'most under load'], rows);
}
