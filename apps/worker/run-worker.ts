/**
 * Builds a worker out of its parts, in the order in which a prediction meets them, and takes it apart again.
 */
import { buildOf } from '#config/build';
import { requireRedis, type Settings, SettingsError } from '#config/settings';
import { UnknownModelError } from '#models/integrity';
import { openRepository, type ModelRepository } from '#models/repository';
import { tellLauncher } from '#process/launch-channel';
import { listenForOperations, type Readiness } from '#process/operations.module';
import { logRedisErrors } from '#process/redis-errors';
import type { Running } from '#process/start';
import { tracingOf } from '#process/tracing';
import { Catalogue } from '#queue/catalogue';
import { connectSubscriber, connectWorker } from '#queue/connection';
import { ClockWatch } from '#queue/clock-watch';
import { Deadlines } from '#queue/deadlines';
import { Fleet } from '#queue/fleet';
import { MarkFeed } from '#queue/marks';
import { ModelRegister } from '#queue/model-register';
import { RedisWatch } from '#queue/redis-watch';
import { ModelQueues } from '#queue/model-queues';
import { StartNotices } from '#queue/start-notices';
import { StartReporter } from '#queue/starts';
import type { Logger } from '#telemetry/logger';
import type { Tracing } from '#telemetry/tracing';
import { EnvelopeConsumer } from './envelope-consumer.js';
import { ExecuteEnvelope, type ExecuteEnvelopeParts } from './execute-envelope.js';
import { ExecuteRetry } from './execute-retry.js';
import { giveWay } from './give-way.js';
import { Heartbeat } from './heartbeat.js';
import { InHand } from './in-hand.js';
import { buildInference, type Inference } from './inference.js';
import { SettledLines } from './settled-lines.js';
import { SettledSpans } from './settled-spans.js';

export interface WorkerOptions {
  readonly settings: Settings;
  readonly logger: Logger;
  /** The JavaScript file that executor children run. */
  readonly executorEntry: string;
  /** The worker cannot go on, and restarting it would not help. */
  readonly refuse: (reason: string) => void;
}

/** Part of the time a shutdown may take that is left for handing back. */
const HAND_BACK_MS = 1_000;

export async function runWorker(options: WorkerOptions): Promise<Running> {
  const { settings, logger } = options;
  const redisUrl = requireRedis(settings);
  const onRedisError = logRedisErrors(logger);
  const repository = await openOwnModels(settings);
  const inference = buildInference({ ...options, repository });

  const redis = connectWorker(redisUrl, onRedisError);
  const subscriber = connectSubscriber(redisUrl, onRedisError);
  const catalogue = new Catalogue(settings.REDIS_PREFIX);
  const queues = new ModelQueues(redis, catalogue, onRedisError);
  const inHand = new InHand();
  const watch = new RedisWatch(redis, onRedisError);
  const tracing = await tracingOf(settings, 'worker', logger);
  const consumer = buildConsumer({ ...options, tracing }, repository, inference, queues, inHand, watch);
  const clock = new ClockWatch(redis, (sentence) => logger.error({ category: 'fleet', code: 'clock_off' }, sentence));
  const register = new ModelRegister(redis, catalogue, onRedisError);
  const heartbeat = new Heartbeat(new Fleet(redis, catalogue), repository, inference, consumer, onRedisError);
  const marks = new MarkFeed(subscriber, catalogue, (notice) => {
    inHand.mark(notice);
    inference.pool.endMarked();
    inference.quarantine.endMarked();
  });

  let draining = false;
  const operations = await listenForOperations({
    host: settings.OPS_HOST,
    port: settings.OPS_PORT,
    logger,
    build: buildOf(settings),
    metrics: settings.METRICS,
    readiness: readinessOf(inference, clock, settings.EXECUTORS, async () => ({
      answering: await watch.isAnswering(),
      draining,
    })),
  });
  inference.pool.start();
  // Behind the executors, which keep theirs: they are the ones that are waited for.
  giveWay(logger);
  watch.start();
  clock.start();
  register.announce(repository.names());
  await tellLauncher({ kind: 'listening', opsUrl: operations.url });
  // Nothing is taken before every model is verified, warm, and has passed its golden examples.
  void inference.ready
    .then(() => marks.start(repository.names()))
    .then(() => {
      heartbeat.start();
      consumer.start();
      logger.info({ models: repository.names() }, 'takes predictions');
    })
    .catch(onRedisError);

  return {
    shutdownSeconds: settings.SHUTDOWN_SECONDS,
    async stop() {
      draining = true;
      const handBack = setTimeout(() => inHand.letGoOfAll(), settings.SHUTDOWN_SECONDS * 1_000 - HAND_BACK_MS);
      await consumer.quiet();
      await Promise.all([heartbeat.stop(), consumer.close()]);
      clearTimeout(handBack);
      watch.stop();
      clock.stop();
      register.stop();
      inference.pool.close();
      inference.quarantine.close();
      await operations.app.close();
      await tracing?.stop();
      redis.disconnect();
      subscriber.disconnect();
    },
  };
}

/** @throws SettingsError where `WORKER_MODELS` names a model that there is not */
async function openOwnModels(settings: Settings): Promise<ModelRepository> {
  try {
    const only = settings.WORKER_MODELS ?? null;
    return await openRepository(settings.MODELS_DIR, { verify: 'every-file', only });
  } catch (error) {
    if (error instanceof UnknownModelError) throw new SettingsError(`Setting WORKER_MODELS: ${error.message}`);
    throw error;
  }
}

function buildConsumer(
  { settings, logger, tracing }: WorkerOptions & { readonly tracing: Tracing | null },
  repository: ModelRepository,
  { pool, quarantine, metrics }: Inference,
  queues: ModelQueues,
  inHand: InHand,
  watch: RedisWatch,
): EnvelopeConsumer {
  const starts = new StartReporter(queues.redis, logRedisErrors(logger));
  const notices = new StartNotices(queues.redis, queues.catalogue, logRedisErrors(logger));
  const deadlines = new Deadlines(queues.redis, queues.catalogue, logRedisErrors(logger));
  const onWaited: ExecuteEnvelopeParts['onWaited'] = ({ model, priority = 'normal' }, seconds) => {
    // Clocks of two machines may differ by a little.
    metrics.queueSeconds.observe({ model, priority }, Math.max(0, seconds));
  };
  const serves = (versionId: string): boolean => repository.byId(versionId) !== undefined;
  const execute = {
    envelope: new ExecuteEnvelope({ pool, queues, starts, notices, deadlines, inHand, onWaited, serves }),
    retry: new ExecuteRetry({ quarantine, queues, starts, deadlines, inHand, serves }),
  };
  const consumerOptions = {
    models: repository.names(),
    resultTtlSeconds: settings.RESULT_TTL_SECONDS,
    isNearlyFull: () => watch.share >= settings.REDIS_MEMORY_MARK,
  };
  return new EnvelopeConsumer(consumerOptions, queues, execute, {
    metrics,
    logger,
    lines: new SettledLines(logger, settings.SLOW_SECONDS * 1_000),
    spans: tracing === null ? null : new SettledSpans(tracing),
  });
}

function readinessOf(
  { pool }: Inference,
  clock: ClockWatch,
  executors: number,
  state: () => Promise<{ readonly answering: boolean; readonly draining: boolean }>,
): Readiness {
  const part = (isUp: boolean): { status: 'up' | 'down' } => ({ status: isUp ? 'up' : 'down' });
  return {
    async check() {
      const { answering, draining } = await state();
      return { redis: part(answering), models: part(pool.readyCount > 0), serving: part(!draining) };
    },
    degraded: () => [
      ...(pool.readyCount < executors ? [`${pool.readyCount} of ${executors} executors are ready`] : []),
      ...[clock.complaint].filter((sentence) => sentence !== null),
    ],
  };
}
