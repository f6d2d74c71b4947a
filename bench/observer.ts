/** What a stretch of time cost: processor of each process under test, of the machine, and the largest memory seen. */
import { machineTime, processorMs, residentBytes, type MachineTime } from './processor-time.js';

export interface Watched {
  readonly name: string;
  readonly pid: number;
}

export interface ProcessCost {
  readonly name: string;
  readonly processorMs: number;
  /** Share of one core, 0 to 1 and above for several threads. */
  readonly cores: number;
  readonly largestResidentBytes: number;
}

export interface Cost {
  readonly elapsedMs: number;
  readonly processes: readonly ProcessCost[];
  /** Cores that nobody used. */
  readonly idleCores: number;
  /** Cores that other machines on the same host took. */
  readonly stolenCores: number;
  /** Cores that processes used which do not belong to this measurement. */
  readonly foreignCores: number;
}

const MEMORY_EVERY_MS = 200;

/** Watches from its construction until `end`. */
export class Observer {
  readonly #beganAt = performance.now();
  readonly #machine: MachineTime = machineTime();
  readonly #before: ReadonlyMap<number, number>;
  readonly #resident = new Map<number, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly watched: readonly Watched[]) {
    this.#before = new Map(watched.map(({ pid }) => [pid, processorMs(pid)]));
    this.#lookAtMemory();
    this.#timer = setInterval(() => this.#lookAtMemory(), MEMORY_EVERY_MS);
  }

  end(): Cost {
    clearInterval(this.#timer);
    this.#lookAtMemory();
    const elapsedMs = performance.now() - this.#beganAt;
    const processes = this.watched.map((one) => this.#costOf(one, elapsedMs));
    const now = machineTime();
    const idleMs = now.idleMs - this.#machine.idleMs;
    const stealMs = now.stealMs - this.#machine.stealMs;
    const ours = processes.reduce((sum, cost) => sum + cost.processorMs, 0);
    const foreignMs = Math.max(0, now.totalMs - this.#machine.totalMs - idleMs - stealMs - ours);
    return {
      elapsedMs,
      processes,
      idleCores: idleMs / elapsedMs,
      stolenCores: stealMs / elapsedMs,
      foreignCores: foreignMs / elapsedMs,
    };
  }

  #costOf({ name, pid }: Watched, elapsedMs: number): ProcessCost {
    const used = processorMs(pid) - (this.#before.get(pid) ?? 0);
    return {
      name,
      processorMs: used,
      cores: used / elapsedMs,
      largestResidentBytes: this.#resident.get(pid) ?? 0,
    };
  }

  #lookAtMemory(): void {
    for (const { pid } of this.watched) {
      this.#resident.set(pid, Math.max(this.#resident.get(pid) ?? 0, residentBytes(pid)));
    }
  }
}
