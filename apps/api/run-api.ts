/** Builds the API out of its parts, and takes it apart again. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildOf } from '#config/build';
import { projectRoot, requireRedis, type Settings } from '#config/settings';
import { openRepository } from '#models/repository';
import { tellLauncher } from '#process/launch-channel';
import { listenForOperations, type Readiness } from '#process/operations.module';
import { logRedisErrors } from '#process/redis-errors';
import { makeRegistry } from '#process/registry';
import type { Running } from '#process/start';
import { tracingOf } from '#process/tracing';
import { Backlog } from '#queue/backlog';
import { Catalogue } from '#queue/catalogue';
import { ClockWatch } from '#queue/clock-watch';
import { connectProducer, connectSubscriber } from '#queue/connection';
import { Fleet } from '#queue/fleet';
import { ModelRegister } from '#queue/model-register';
import { RedisWatch } from '#queue/redis-watch';
import { ModelQueues } from '#queue/model-queues';
import { ModelSwitch } from '#queue/model-switch';
import { OwnIds } from '#queue/own-ids';
import type { Logger } from '#telemetry/logger';
import { registerFleetGauges } from '#telemetry/fleet-gauges';
import { ApiMetrics } from '#telemetry/metrics';
import { registerClockGauge } from '#telemetry/process-gauges';
import { buildAccess } from './access/build-access.js';
import { fleetGauges } from './fleet-metrics.js';
import { FleetView } from './fleet-view.js';
import { mountBoard } from './job-board.js';
import { mountOpenApi } from './openapi.js';
import { FleetStatusReader } from './ops/fleet-status.js';
import { mountOperatorDoor } from './ops/operator-door.js';
import { mountOperatorPages } from './ops/operator-pages.js';
import { Operations } from './ops/operations.js';
import { OwnIdSearch } from './ops/own-id-search.js';
import { PutBack } from './ops/put-back.js';
import { buildPredictionPath } from './prediction-path.js';
import { mountRunbooks } from './runbooks.js';
import { buildWebhooks } from './webhooks/build-webhooks.js';
import { closePublicApp, createPublicApp } from './public-app.js';
import { WorkAhead } from './work-ahead.js';

export async function runApi(settings: Settings, logger: Logger): Promise<Running> {
  const redisUrl = requireRedis(settings);
  const onRedisError = logRedisErrors(logger);
  const repository = await openRepository(settings.MODELS_DIR, { verify: 'all-but-graph' });
  const models = repository.names();

  const redis = connectProducer(redisUrl, onRedisError);
  const subscriber = connectSubscriber(redisUrl, onRedisError);
  const isConnected = (): boolean => redis.status === 'ready';
  const names = new Catalogue(settings.REDIS_PREFIX);
  const queues = new ModelQueues(redis, names, onRedisError);
  const fleet = new FleetView(new Fleet(redis, names), isConnected, onRedisError);
  const redisWatch = new RedisWatch(redis, onRedisError);
  const switches = new ModelSwitch(queues, models, onRedisError);
  const limits = limitsOf(settings, switches);
  const backlog = new Backlog(queues, models, limits, redisWatch, onRedisError);
  const ahead = new WorkAhead(backlog, fleet, switches);
  const build = buildOf(settings);
  const registry = makeRegistry('api', settings.METRICS);
  registerFleetGauges(registry, fleetGauges({ repository, backlog, fleet, ahead, switches, redis: redisWatch }));
  const metrics = new ApiMetrics(registry);
  metrics.expect(models);
  const access = buildAccess(settings, queues, { logger, onError: onRedisError });
  const parts = buildPredictionPath({
    settings,
    repository,
    queues,
    subscriber,
    backlog,
    fleet,
    ahead,
    metrics,
    webhooks: buildWebhooks(settings, queues),
    release: build.version,
    ring: access.keys?.ring ?? null,
    onRedisError,
  });

  if (access.keys !== null) access.keys.watch.onChange = () => parts.follower.sendAway();
  const clock = new ClockWatch(redis, (sentence) => logger.error({ category: 'fleet', code: 'clock_off' }, sentence));
  registerClockGauge(registry, () => clock.aheadMs / 1_000);
  const register = new ModelRegister(redis, names, onRedisError);

  let draining = false;
  const readiness = readinessOf(models, fleet, switches, [clock, redisWatch], async () => ({
    answering: await redisWatch.isAnswering(),
    draining,
    knowsKeys: access.keys?.watch.isFresh ?? true,
  }));
  const status = new FleetStatusReader({
    build,
    repository,
    queues,
    backlog,
    fleet,
    ahead,
    switches,
    deliveries: parts.webhooks.deliveries,
    redisWatch,
    degraded: () => readiness.degraded(),
  });
  const putBack = new PutBack(parts.reader, parts.accept, parts.catalogue, logger);
  const { deliveries } = parts.webhooks;
  const ownIds = new OwnIdSearch(new OwnIds(queues, settings.RESULT_TTL_SECONDS), access.keys);
  const operatorsDo = new Operations({ status, switches, putBack, ownIds, queues, deliveries, logger });
  const operations = await listenForOperations({
    host: settings.OPS_HOST,
    port: settings.OPS_PORT,
    logger,
    readiness,
    build,
    metrics: settings.METRICS,
    async configure(app) {
      await mountOperatorDoor(app, { keys: access.keys, logger });
      await mountBoard(app, queues, models);
      mountOperatorPages(app, {
        isOpen: access.keys === null,
        baseUrl: settings.PUBLIC_URL ?? `http://${settings.HOST}:${settings.PORT}`,
        operations: operatorsDo,
        memoryMark: settings.REDIS_MEMORY_MARK,
        repository,
        logger,
      });
      await mountRunbooks(app, path.join(projectRoot(), 'docs', 'runbooks'));
    },
  });
  const tracing = await tracingOf(settings, 'api', logger);
  const handles = {
    ...parts,
    manageKeys: access.manageKeys,
    operations: operatorsDo,
  };
  const app = await createPublicApp(settings, handles, readiness, access.keys, { logger, tracing });
  mountOpenApi(app, repository, build.version);
  // Redis may be away: the process lives, says that it is not ready, and recovers by itself.
  parts.completions.start().catch(onRedisError);
  access.start();
  clock.start();
  register.announce(models);
  redisWatch.start();
  switches.start();
  backlog.start();
  fleet.start();
  await app.listen(settings.PORT, settings.HOST);
  const url = await app.getUrl();
  logger.info({ url, models }, 'accepts predictions');
  await tellLauncher({ kind: 'listening', url, opsUrl: operations.url });

  return {
    shutdownSeconds: settings.DRAIN_SECONDS + settings.SHUTDOWN_SECONDS,
    async stop() {
      draining = true;
      // Whoever sends requests here has to see that first.
      await sleep(settings.DRAIN_SECONDS * 1_000);
      parts.await.releaseAll();
      parts.follower.releaseAll();
      await closePublicApp(app);
      access.stop();
      clock.stop();
      register.stop();
      redisWatch.stop();
      switches.stop();
      backlog.stop();
      fleet.stop();
      await operations.app.close();
      await tracing?.stop();
      redis.disconnect();
      subscriber.disconnect();
    },
  };
}

function limitsOf(settings: Settings, switches: ModelSwitch): ConstructorParameters<typeof Backlog>[2] {
  const isDraining = (model: string): boolean => switches.stateOf(model) === 'draining';
  return { maxQueueDepth: settings.MAX_QUEUE_DEPTH, redisMemoryMark: settings.REDIS_MEMORY_MARK, isDraining };
}

function readinessOf(
  models: readonly string[],
  fleet: FleetView,
  switches: ModelSwitch,
  watches: readonly { readonly complaint: string | null }[],
  state: () => Promise<{ readonly answering: boolean; readonly draining: boolean; readonly knowsKeys: boolean }>,
): Readiness {
  return {
    async check() {
      const { answering, draining, knowsKeys } = await state();
      return {
        redis: { status: answering ? 'up' : 'down' },
        keys: { status: knowsKeys ? 'up' : 'down' },
        serving: { status: draining ? 'down' : 'up' },
      };
    },
    degraded: () => [
      ...models.filter((model) => !fleet.serves(model)).map((model) => `no live worker serves ${model}`),
      ...models
        .filter((model) => switches.stateOf(model) !== 'running')
        .map((model) => `${model} is ${switches.stateOf(model)}`),
      ...watches.flatMap(({ complaint }) => complaint ?? []),
    ],
  };
}
