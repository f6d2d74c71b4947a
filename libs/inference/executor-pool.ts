/**
 * Keeps a number of executors alive and busy, and turns what comes out of them into outcomes.
 *
 * Each child has at most two micro-batches: the one that runs and the one behind it, so that it never waits for the
 * worker. A child that dies is replaced, at once the first time, then with growing pauses.
 */
import type { RowAnswer, Stages, VersionLoad } from '#contract/executor-protocol';
import type { VersionId } from '#domain/model-version';
import type { NewOutcome, RunFacts } from '#domain/outcome';
import type { DynamicBatcher, PendingPrediction } from './dynamic-batcher.js';
import { CANCELED, Executor, type BatchRun, type DeathCause, type ExecutorOptions, TIMED_OUT } from './executor.js';

export interface PoolObserver {
  onReady(loads: readonly VersionLoad[]): void;
  /** The first executors cannot load a version, and none could: the worker has to stop. */
  onRefused(reason: string): void;
  /** One that replaces another cannot load what that one could. Its death follows, and another one is started. */
  onNotLoaded(reason: string): void;
  onDeath(cause: DeathCause, suspects: number): void;
  onBatch(versionId: VersionId, rows: number, stages: Stages): void;
}

const IN_FLIGHT_EACH = 2;
/** A canceled prediction may run on for this long: most end by themselves, and a new child costs more. */
export const CANCEL_GRACE_MS = 250;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** A child that lived this long starts with a clean record. */
const SETTLED_AFTER_MS = 60_000;

export class ExecutorPool {
  readonly #executors = new Set<Executor>();
  readonly #pauses = new Set<NodeJS.Timeout>();
  readonly #bornAt = new WeakMap<Executor, number>();
  /** Predictions that a child held when it died, without having begun them. */
  readonly #neverBegun = new WeakSet<PendingPrediction>();
  /** Predictions that were put back because another prediction's run was ended. */
  readonly #interrupted = new WeakSet<PendingPrediction>();
  #earlyDeaths = 0;
  #everReady = false;
  #closed = false;

  constructor(
    private readonly size: number,
    private readonly options: ExecutorOptions,
    private readonly batcher: DynamicBatcher,
    private readonly observer: PoolObserver,
  ) {}

  /** Executors that have loaded everything. */
  get readyCount(): number {
    return [...this.#executors].filter((executor) => executor.ready).length;
  }

  get busyCount(): number {
    return [...this.#executors].filter((executor) => executor.load > 0).length;
  }

  get pids(): number[] {
    return [...this.#executors].flatMap((executor) => executor.pid ?? []);
  }

  start(): void {
    for (let i = 0; i < this.size; i += 1) this.#spawn();
  }

  submit(predictions: readonly PendingPrediction[]): void {
    this.batcher.add(predictions);
    this.#dispatch();
  }

  /**
   * Call it when a prediction was marked: a run that holds it and does not end soon is ended with its child, unless that
   * would take the run from a neighbour for the second time.
   */
  endMarked(): void {
    for (const executor of this.#executors) {
      const { running } = executor;
      if (running === null || !predictionsOf(running).some((prediction) => prediction.isDropped())) continue;
      this.#later(CANCEL_GRACE_MS, () => {
        if (executor.running === running && this.#mayEnd(running)) executor.stop(CANCELED);
      });
    }
  }

  /** A cancel or a deadline costs each of its neighbours one run at most: else a stream of them would starve the others. */
  #mayEnd(running: BatchRun): boolean {
    return predictionsOf(running).every((prediction) => prediction.isDropped() || !this.#interrupted.has(prediction));
  }

  /** Ends every child at once; call it when nothing is in flight any more. */
  close(): void {
    this.#closed = true;
    for (const pause of this.#pauses) clearTimeout(pause);
    for (const executor of this.#executors) executor.kill();
  }

  #spawn(): void {
    const executor = new Executor(this.options, this.#everReady ? 'one' : 'all', {
      onReady: (_, loads) => {
        this.#everReady = true;
        this.observer.onReady(loads);
        this.#dispatch();
      },
      onRefused: (reason) => this.#refused(reason),
      onDeath: (...death) => this.#replace(...death),
    });
    this.#executors.add(executor);
    this.#bornAt.set(executor, Date.now());
  }

  /** Models that loaded once may fail later, for want of memory or a file. That may pass; other executors run on. */
  #refused(reason: string): void {
    if (this.#everReady) return this.observer.onNotLoaded(reason);
    this.close();
    this.observer.onRefused(reason);
  }

  /** Idle executors first; a second micro-batch goes only behind one that already runs. */
  #dispatch(): void {
    for (let level = 0; level < IN_FLIGHT_EACH; level += 1) {
      for (const executor of this.#executors) {
        if (!executor.ready || executor.load > level) continue;
        const predictions = this.batcher.take();
        if (predictions === null) return;
        executor.run(this.#batchRun(predictions));
      }
    }
  }

  #batchRun(predictions: readonly PendingPrediction[]): PoolBatch {
    const versionId = predictions[0]?.versionId ?? '';
    let startedAtMs = Date.now();
    return {
      predictions,
      versionId,
      inputs: predictions.map((prediction) => prediction.input),
      onRunning: () => {
        startedAtMs = Date.now();
        for (const prediction of predictions) prediction.onStarted(startedAtMs);
        // Marked after its micro-batch had formed and before it ran.
        this.endMarked();
      },
      onRan: (results, stages) => {
        // The executor gets its next micro-batch before this one is settled.
        this.#dispatch();
        const run = { startedAtMs, predictMs: totalMs(stages), batchSize: predictions.length };
        for (const [i, prediction] of predictions.entries()) settle(prediction, results[i], run, stages);
        this.observer.onBatch(versionId, predictions.length, stages);
      },
      onBroke: () => {
        this.#dispatch();
        moveAll(predictions);
      },
    };
  }

  #replace(executor: Executor, cause: DeathCause, running: BatchRun | null, waiting: readonly BatchRun[]): void {
    this.#executors.delete(executor);
    if (this.#closed) return;
    const ran = running === null ? [] : predictionsOf(running);
    const untouched = waiting.flatMap(predictionsOf);
    if (cause === CANCELED) return this.#resume([...ran, ...untouched]);
    const suspects = new Set(running === null ? this.#overdue(waiting) : ran);
    this.observer.onDeath(cause, suspects.size);
    this.batcher.putBack(untouched.filter((prediction) => !suspects.has(prediction)));
    moveAll(suspects);
    // We ended it, and the next one is as good: a slow model must not make everybody else wait.
    if (cause === TIMED_OUT) this.#spawn();
    else this.#spawnAfter(this.#pauseAfterDeath(executor));
    this.#dispatch();
  }

  /**
   * A child that ran nothing owed the beginning of the first that waited. One may be gone by chance, before any of it
   * was read; but what is given to one child after the other would hold up everybody, for ever.
   * @returns what the second child has died over
   */
  #overdue([next]: readonly BatchRun[]): PendingPrediction[] {
    const predictions = next === undefined ? [] : predictionsOf(next);
    const again = predictions.filter((prediction) => this.#neverBegun.has(prediction));
    for (const prediction of predictions) this.#neverBegun.add(prediction);
    return again;
  }

  #pauseAfterDeath(executor: Executor): number {
    const lived = Date.now() - (this.#bornAt.get(executor) ?? 0);
    this.#earlyDeaths = lived > SETTLED_AFTER_MS ? 0 : this.#earlyDeaths + 1;
    return this.#earlyDeaths <= 1 ? 0 : FIRST_PAUSE_MS * 2 ** (this.#earlyDeaths - 2);
  }

  /** Nobody is suspect: we ended the child. */
  #resume(predictions: readonly PendingPrediction[]): void {
    this.observer.onDeath(CANCELED, 0);
    for (const prediction of predictions) this.#interrupted.add(prediction);
    this.batcher.putBack(predictions);
    this.#spawn();
    this.#dispatch();
  }

  #spawnAfter(pauseMs: number): void {
    this.#later(Math.min(pauseMs, LONGEST_PAUSE_MS), () => this.#spawn());
  }

  #later(pauseMs: number, work: () => void): void {
    const pause = setTimeout(() => {
      this.#pauses.delete(pause);
      work();
    }, pauseMs);
    this.#pauses.add(pause);
  }
}

interface PoolBatch extends BatchRun {
  readonly predictions: readonly PendingPrediction[];
}

function predictionsOf(batch: BatchRun): readonly PendingPrediction[] {
  return (batch as PoolBatch).predictions;
}

/**
 * Only a success settles here. A row that did not succeed among others gets its verdict alone, in its retry job: it
 * may be its neighbours' fault, and what does fail for good ends as a failed job that an operator can see.
 */
function settle(prediction: PendingPrediction, result: RowAnswer | undefined, run: RunFacts, stages: Stages): void {
  const outcome: NewOutcome =
    result !== undefined && 'outputJson' in result ? { kind: 'succeeded', ...result, run } : { kind: 'moved', run };
  prediction.settle(outcome, stages);
}

function moveAll(predictions: Iterable<PendingPrediction>): void {
  for (const prediction of predictions) prediction.settle({ kind: 'moved', run: null });
}

export function totalMs(stages: Stages): number {
  return stages.preprocessMs + stages.runMs + stages.postprocessMs;
}
