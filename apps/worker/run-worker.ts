/**
 * Builds a worker out of its parts, in the order in which a prediction meets them, and takes it apart again.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { makeRegistry } from '#process/registry';
import { listenForOperations } from '#process/operations.module';
import type { Running } from '#process/start';
import { tellLauncher } from '#process/launch-channel';
import { requireRedis, type Settings } from '#config/settings';
import { DynamicBatcher } from '#inference/dynamic-batcher';
import type { ExecutorOptions } from '#inference/executor';
import { ExecutorPool } from '#inference/executor-pool';
import { Quarantine } from '#inference/quarantine';
import { openRepository, type ModelRepository } from '#models/repository';
import { Catalogue } from '#queue/catalogue';
import { connectSubscriber, connectWorker } from '#queue/connection';
import { Fleet, HEARTBEAT_MS } from '#queue/fleet';
import { MarkFeed } from '#queue/marks';
import { ModelQueues } from '#queue/model-queues';
import { StartReporter } from '#queue/starts';
import type { Logger } from '#telemetry/logger';
import { WorkerMetrics } from '#telemetry/metrics';
import { RateGate } from '#telemetry/sampling';
import { EnvelopeConsumer } from './envelope-consumer.js';
import { ExecuteEnvelope } from './execute-envelope.js';
import { ExecuteRetry } from './execute-retry.js';
import { InHand } from './in-hand.js';
import { RowCosts } from './row-costs.js';

export interface WorkerParts {
  readonly settings: Settings;
  readonly logger: Logger;
  /** The JavaScript file that executor children run. */
  readonly executorEntry: string;
  /** The worker cannot go on, and restarting it would not help. */
  readonly refuse: (reason: string) => void;
}

/** Part of the time a shutdown may take that is left for handing back. */
const HAND_BACK_MS = 1_000;

export async function runWorker({ settings, logger, executorEntry, refuse }: WorkerParts): Promise<Running> {
  const redisUrl = requireRedis(settings);
  const only = settings.WORKER_MODELS ?? null;
  const repository = await openRepository(settings.MODELS_DIR, { verify: 'every-file', only });
  const models = repository.names();

  const gate = new RateGate(2);
  const onRedisError = (error: Error): void => {
    const suppressed = gate.pass();
    if (suppressed !== null) logger.warn({ err: error, suppressed }, 'redis error');
  };
  const redis = connectWorker(redisUrl, onRedisError);
  const subscriber = connectSubscriber(redisUrl, onRedisError);
  const catalogue = new Catalogue(settings.REDIS_PREFIX);
  const queues = new ModelQueues(redis, catalogue, onRedisError);

  const executorOptions: ExecutorOptions = {
    entry: executorEntry,
    modelsDir: settings.MODELS_DIR,
    models: only,
    threads: settings.EXECUTOR_THREADS,
  };
  const costs = new RowCosts();
  const registry = makeRegistry('worker');
  const metrics = new WorkerMetrics(registry, { ready: () => pool.readyCount, busy: () => pool.busyCount });
  const batcher = new DynamicBatcher((id) => repository.byId(id)?.manifest.batching.max_batch_size ?? 1);
  let everReady: () => void;
  const ready = new Promise<void>((resolve) => (everReady = resolve));
  const pool = new ExecutorPool(settings.EXECUTORS, executorOptions, batcher, {
    onReady: (loads) => {
      reportLoads(repository, loads, metrics, logger);
      everReady();
    },
    onRefused: refuse,
    onDeath: (cause, suspects) => {
      metrics.executorDeaths.inc({ cause });
      logger.error({ cause, suspects }, 'an executor died; its rows run again, alone');
    },
    onBatch: (versionId, rows, stages) => {
      const model = repository.byId(versionId)?.name ?? '';
      costs.observe(versionId, rows, stages.preprocessMs + stages.runMs + stages.postprocessMs);
      metrics.batchSize.observe({ model }, rows);
      metrics.stageSeconds.observe({ model, stage: 'preprocess' }, stages.preprocessMs / 1_000);
      metrics.stageSeconds.observe({ model, stage: 'run' }, stages.runMs / 1_000);
      metrics.stageSeconds.observe({ model, stage: 'postprocess' }, stages.postprocessMs / 1_000);
    },
  });
  const quarantine = new Quarantine(executorOptions, refuse);

  const inHand = new InHand();
  const starts = new StartReporter(redis, onRedisError);
  const serves = (versionId: string): boolean => repository.byId(versionId) !== undefined;
  const consumer = new EnvelopeConsumer(
    { models, resultTtlSeconds: settings.RESULT_TTL_SECONDS },
    queues,
    {
      envelope: new ExecuteEnvelope(pool, queues, starts, inHand, serves),
      retry: new ExecuteRetry(quarantine, starts, inHand, serves),
    },
    metrics,
    logger,
  );

  const worker = {
    id: randomUUID(),
    pid: process.pid,
    host: hostname(),
    startedAtMs: Date.now(),
    models,
  };
  const fleet = new Fleet(redis, catalogue);
  const announce = (): void => {
    if (pool.readyCount === 0 || redis.status !== 'ready') return;
    const versions = repository.all().map(({ id, name }) => ({ id, model: name, rowCostMs: costs.of(id) }));
    const executors = { ready: pool.readyCount, busy: pool.busyCount };
    fleet.announce({ ...worker, versions, executors }).catch(onRedisError);
  };

  let draining = false;
  const operations = await listenForOperations({
    host: settings.OPS_HOST,
    port: settings.OPS_PORT,
    logger,
    readiness: {
      check: () => {
        const part = (isUp: boolean): { status: 'up' | 'down' } => ({ status: isUp ? 'up' : 'down' });
        return Promise.resolve({
          redis: part(redis.status === 'ready'),
          models: part(pool.readyCount > 0),
          serving: part(!draining),
        });
      },
      degraded: () => (pool.readyCount < settings.EXECUTORS ? ['executors'] : []),
    },
  });

  pool.start();
  await tellLauncher({ kind: 'listening', opsUrl: operations.url });
  const feed = new MarkFeed(subscriber, catalogue, (notice) => inHand.mark(notice));
  const heartbeat = setInterval(announce, HEARTBEAT_MS);
  // Nothing is taken before every model is verified, warm, and has passed its golden examples.
  void ready
    .then(() => feed.start(models))
    .then(() => {
      announce();
      consumer.start();
      logger.info({ models }, 'takes predictions');
    })
    .catch(onRedisError);

  return {
    shutdownSeconds: settings.SHUTDOWN_SECONDS,
    async stop() {
      draining = true;
      clearInterval(heartbeat);
      const handBack = setTimeout(() => inHand.letGoOfAll(), settings.SHUTDOWN_SECONDS * 1_000 - HAND_BACK_MS);
      if (redis.status === 'ready') await fleet.leave(worker.id);
      await consumer.quiet();
      await consumer.close();
      clearTimeout(handBack);
      pool.close();
      quarantine.close();
      await operations.app.close();
      await queues.close();
      redis.disconnect();
      subscriber.disconnect();
    },
  };
}

function reportLoads(
  repository: ModelRepository,
  loads: readonly { readonly versionId: string; readonly loadMs: number }[],
  metrics: WorkerMetrics,
  logger: Logger,
): void {
  for (const { versionId, loadMs } of loads) {
    const version = repository.byId(versionId);
    if (version === undefined) continue;
    metrics.modelLoadSeconds.set({ model: version.name, version: version.label }, loadMs / 1_000);
  }
  logger.info({ versions: loads.length }, 'an executor is ready');
}
