/** Real executor children, and predictions that tell what becomes of them. */
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { executorEnvironment, projectRoot } from '#config/settings';
import type { InputText } from '#contract/input-text';
import type { Input } from '#domain/model-version';
import type { NewOutcome } from '#domain/outcome';
import { DynamicBatcher, type PendingPrediction } from '#inference/dynamic-batcher';
import type { ExecutorOptions } from '#inference/executor';
import { ExecutorPool } from '#inference/executor-pool';
import { Quarantine } from '#inference/quarantine';
import { MODELS_DIR, shipped } from './models.js';
import { signal } from './signal.js';

export type Entry = 'inference/executor-main' | `testing/${'poison' | 'endless' | 'deaf' | 'babbling'}-executor`;

export const IRIS = await shipped('iris');
export const GOOD_INPUT: Input = IRIS.golden[0]?.input ?? {};

/** No test takes this long: whose subject it is not, meets no limit. */
const NO_LIMIT_MS = 600_000;

/** Milliseconds that a run, a start and the beginning of a run may take. */
export type Limits = Partial<Readonly<Record<'timeoutMs' | 'startMs' | 'beginMs', number>>>;

/** The JavaScript file of an executor. */
export function entryFile(entry: Entry): string {
  return path.join(projectRoot(), 'dist', 'libs', `${entry}.js`);
}

export function executorOptions(entry: Entry, modelsDir = MODELS_DIR, limits: Limits = {}): ExecutorOptions {
  const { timeoutMs = NO_LIMIT_MS, startMs = NO_LIMIT_MS, beginMs = NO_LIMIT_MS } = limits;
  const file = entryFile(entry);
  const environment = executorEnvironment();
  return {
    entry: file,
    modelsDir,
    versions: [IRIS],
    threads: 1,
    timeoutMs: () => timeoutMs,
    startMs,
    beginMs,
    environment,
  };
}

/** One prediction of iris. */
export class Row implements PendingPrediction {
  readonly versionId = IRIS.id;
  readonly lane = 'interactive';
  readonly #started = signal<number>();
  readonly #outcome = signal<NewOutcome>();
  /** Every outcome that it was given; more than one is a bug. */
  readonly settled: NewOutcome[] = [];

  readonly input: InputText;

  constructor(readonly given: Input = GOOD_INPUT) {
    this.input = JSON.stringify(given);
  }

  readonly started = this.#started.seen;
  readonly outcome = this.#outcome.seen;

  /** Set by a test that cancels it. */
  isMarked = false;

  isDropped(): boolean {
    return this.isMarked;
  }

  onStarted(atMs: number): void {
    this.#started.send(atMs);
  }

  settle(outcome: NewOutcome): void {
    this.settled.push(outcome);
    this.#outcome.send(outcome);
  }
}

export interface Death {
  readonly cause: string;
  readonly suspects: number;
}

/** A pool of one executor that is ready, and what it has reported. */
export async function readyPool(entry: Entry, limits?: Limits, modelsDir = MODELS_DIR) {
  const deaths: Death[] = [];
  /** Why a child that replaces another could not load its models, the first time. */
  const notLoaded = signal<string>();
  let ready = signal();
  const pool = new ExecutorPool(
    1,
    executorOptions(entry, modelsDir, limits),
    new DynamicBatcher({ interactive: () => 256, bulk: () => 64 }),
    {
      onReady: () => ready.send(),
      onRefused: (reason) => void deaths.push({ cause: reason, suspects: 0 }),
      onNotLoaded: notLoaded.send,
      onDeath: (cause, suspects) => void deaths.push({ cause, suspects }),
      onBatch: () => undefined,
    },
  );
  onTestFinished(() => pool.close());
  pool.start();
  await ready.seen;
  /** Resolves when the next child is ready. */
  const nextReady = (): Promise<void> => {
    ready = signal();
    return ready.seen;
  };
  return { pool, deaths, notLoaded: notLoaded.seen, nextReady };
}

export function quarantineWith(entry: Entry, limits?: Limits): Quarantine {
  const quarantine = new Quarantine(executorOptions(entry, MODELS_DIR, limits), (reason) => {
    throw new Error(reason);
  });
  onTestFinished(() => quarantine.close());
  return quarantine;
}
