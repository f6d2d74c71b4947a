/** The part of a worker that runs models: batcher, executors, quarantine, and what is measured of them. */
import { executorEnvironment, type Settings } from '#config/settings';
import { DynamicBatcher } from '#inference/dynamic-batcher';
import { CANCELED, type ExecutorOptions, KNOWN_CAUSES, REFUSED } from '#inference/executor';
import { ExecutorPool } from '#inference/executor-pool';
import { Quarantine } from '#inference/quarantine';
import { FAILURE_CODES } from '#domain/failure';
import type { VersionId } from '#domain/model-version';
import type { Outcome } from '#domain/outcome';
import type { ModelRepository } from '#models/repository';
import { makeRegistry } from '#process/registry';
import type { Logger } from '#telemetry/logger';
import { WorkerMetrics } from '#telemetry/metrics';
import { KINDS } from './envelope-consumer.js';

export interface Inference {
  readonly pool: ExecutorPool;
  readonly quarantine: Quarantine;
  /** Milliseconds of one prediction inside a micro-batch, the least that an executor measured. */
  readonly rowCostsMs: ReadonlyMap<VersionId, number>;
  readonly metrics: WorkerMetrics;
  /** Every version is verified, warm, and has passed its golden examples. */
  readonly ready: Promise<void>;
}

/** For a version that this worker does not know; it runs none of those. */
const LONGEST_RUN_MS = 60_000;
/** An idle executor says at once that it begins; one that is this late, on however busy a machine, does not come back. */
const LONGEST_SILENCE_MS = 10_000;
/** An executor has at most two micro-batches, so nobody waits for more than twice this behind rows of the bulk lane. */
const BULK_SLICE_MS = 2.5;
const OUTCOMES: readonly Outcome['kind'][] = ['succeeded', 'failed', 'moved', 'dropped'];

export interface InferenceOptions {
  readonly settings: Settings;
  readonly repository: ModelRepository;
  readonly logger: Logger;
  readonly executorEntry: string;
  readonly refuse: (reason: string) => void;
}

export function buildInference({ settings, repository, logger, executorEntry, refuse }: InferenceOptions): Inference {
  const options: ExecutorOptions = {
    entry: executorEntry,
    modelsDir: settings.MODELS_DIR,
    versions: repository.all().map(({ id, name, label }) => ({ id, name, label })),
    threads: settings.EXECUTOR_THREADS,
    timeoutMs: (id) => repository.byId(id)?.manifest.timeout_ms ?? LONGEST_RUN_MS,
    startMs: settings.EXECUTOR_START_SECONDS * 1_000,
    beginMs: LONGEST_SILENCE_MS,
    environment: executorEnvironment(),
  };
  const rowCostsMs = new Map<VersionId, number>();
  const metrics = new WorkerMetrics(makeRegistry('worker', settings.METRICS), {
    wanted: () => settings.EXECUTORS,
    ready: () => pool.readyCount,
    busy: () => pool.busyCount,
  });
  metrics.expect({
    versions: repository.all().map(({ name: model, label: version }) => ({ model, version })),
    outcomes: OUTCOMES,
    failureCodes: FAILURE_CODES,
    kinds: KINDS,
    deathCauses: KNOWN_CAUSES,
  });
  let markReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => (markReady = resolve));
  const mostRows = (id: VersionId): number => repository.byId(id)?.manifest.batching.max_batch_size ?? 1;
  const batcher = new DynamicBatcher({
    interactive: mostRows,
    bulk: (id) => Math.max(1, Math.min(mostRows(id), Math.floor(BULK_SLICE_MS / (rowCostsMs.get(id) ?? Infinity)))),
  });
  const onNotLoaded = (reason: string): void =>
    logger.error({ category: 'fleet', code: 'executor_refused', reason }, 'an executor could not load its models');
  const pool = new ExecutorPool(settings.EXECUTORS, options, batcher, {
    onReady: (loads) => {
      for (const { versionId, loadMs, rowCostMs } of loads) {
        // A child that starts beside a busy one measures its neighbour too.
        rowCostsMs.set(versionId, Math.min(rowCostMs, rowCostsMs.get(versionId) ?? Infinity));
        const { name = '', label = '' } = repository.byId(versionId) ?? {};
        metrics.modelLoadSeconds.set({ model: name, version: label }, loadMs / 1_000);
      }
      logger.info({ versions: loads.length }, 'an executor is ready');
      markReady();
    },
    onRefused: refuse,
    onNotLoaded,
    onDeath: (cause, suspects) => {
      metrics.executorDeaths.inc({ cause });
      if (cause === CANCELED) logger.info('an executor was ended because what it ran was canceled');
      else
        logger.error(
          { category: 'fleet', code: 'executor_died', cause, suspects },
          'an executor died; what it ran runs again, alone',
        );
    },
    onBatch: (versionId, rows, stages) => {
      const { name: model = '', label: version = '' } = repository.byId(versionId) ?? {};
      metrics.observeBatch({ model, version }, rows, stages);
    },
  });
  const quarantine = new Quarantine(options, (reason) => {
    metrics.executorDeaths.inc({ cause: REFUSED });
    onNotLoaded(reason);
  });
  return { pool, quarantine, rowCostsMs, metrics, ready };
}
