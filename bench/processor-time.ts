/** What processes and the machine have used, read from `/proc`; everything is zero where there is none (macOS). */
import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts processor time for user space in hundredths of a second, on every architecture. */
const TICK_MS = 10;
const PAGE_BYTES = 4_096;

/** Processor milliseconds of a process since it began, user and system; 0 for one that is gone. */
export function processorMs(pid: number): number {
  const fields = statFields(pid);
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * TICK_MS;
}

/** Resident memory of a process in bytes; 0 for one that is gone. */
export function residentBytes(pid: number): number {
  return Number(statFields(pid)[21] ?? 0) * PAGE_BYTES;
}

/** The direct children of a process. */
export function childrenOf(pid: number): number[] {
  return pids().filter((candidate) => Number(statFields(candidate)[1]) === pid);
}

export interface MachineTime {
  /** Processor milliseconds of all cores since the machine began. */
  readonly totalMs: number;
  readonly idleMs: number;
  /** Taken by other machines on the same host. */
  readonly stealMs: number;
}

export function machineTime(): MachineTime {
  const line = read('/proc/stat').split('\n')[0] ?? '';
  const ticks = line.split(/\s+/).slice(1, 9).map(Number);
  const at = (index: number): number => (ticks[index] ?? 0) * TICK_MS;
  const totalMs = ticks.reduce((sum, tick) => sum + tick, 0) * TICK_MS;
  return { totalMs, idleMs: at(3) + at(4), stealMs: at(7) };
}

/** Fields of `/proc/<pid>/stat` from the third on: the second, the name, may hold spaces and brackets. */
function statFields(pid: number): string[] {
  const text = read(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function pids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return []; // No /proc on this system.
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // Gone, or no /proc on this system.
  }
}
