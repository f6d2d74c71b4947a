/** What every process says of itself: which build it is, and what its `/ready` would answer now. */
import { Gauge, type Registry } from 'prom-client';

export interface Build {
  readonly version: string;
  /** Git's name of the source, or `unknown`. */
  readonly commit: string;
}

export interface ProcessState {
  readonly build: Build;
  /** What `/ready` decides by. */
  readonly isReady: () => Promise<boolean>;
  readonly isDegraded: () => boolean;
}

export function registerProcessGauges(registry: Registry, { build, isReady, isDegraded }: ProcessState): void {
  const registers = [registry];
  new Gauge({
    name: 'millrace_build_info',
    help: '1; the labels say which build runs.',
    labelNames: ['version', 'commit'],
    registers,
  }).set({ version: build.version, commit: build.commit }, 1);
  new Gauge({
    name: 'millrace_ready',
    help: '1 while /ready answers 200.',
    registers,
    async collect() {
      this.set((await isReady()) ? 1 : 0);
    },
  });
  new Gauge({
    name: 'millrace_degraded',
    help: '1 while /ready names something that works less well.',
    registers,
    collect() {
      this.set(isDegraded() ? 1 : 0);
    },
  });
}

/** Of a process that compares its clock with Redis's. */
export function registerClockGauge(registry: Registry, aheadSeconds: () => number): void {
  new Gauge({
    name: 'millrace_clock_skew_seconds',
    help: 'Seconds by which the clock of this machine is ahead of that of Redis.',
    registers: [registry],
    collect() {
      this.set(aheadSeconds());
    },
  });
}
