/** Builds the API out of its parts, and takes it apart again. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import path from 'node:path';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { projectRoot, requireRedis, type Settings } from '#config/settings';
import { openRepository } from '#models/repository';
import { tellLauncher } from '#process/launch-channel';
import { listenForOperations, type Readiness } from '#process/operations.module';
import { makeRegistry } from '#process/registry';
import type { Running } from '#process/start';
import { Backlog } from '#queue/backlog';
import { Catalogue } from '#queue/catalogue';
import { Completions } from '#queue/completions';
import { connectProducer, connectSubscriber } from '#queue/connection';
import { EnvelopeReader } from '#queue/envelope-reader';
import { EnvelopeWriter } from '#queue/envelope-writer';
import { Fleet } from '#queue/fleet';
import { ModelQueues } from '#queue/model-queues';
import { Reservations } from '#queue/reservations';
import type { Logger } from '#telemetry/logger';
import { ApiMetrics, registerQueueGauges } from '#telemetry/metrics';
import { requestIdFrom } from '#telemetry/request-id';
import { RateGate } from '#telemetry/sampling';
import { AcceptPrediction } from './accept-prediction.js';
import { ApiModule, type ApiParts } from './api.module.js';
import { AwaitPrediction } from './await-prediction.js';
import { CancelPrediction } from './cancel-prediction.js';
import { ClientAddress } from './client-address.js';
import { answerUnreadableRequest } from './early-errors.js';
import { FleetView } from './fleet-view.js';
import { mountBoard } from './job-board.js';
import { ModelCatalogue } from './model-catalogue.js';
import { mountOpenApi } from './openapi.js';
import { sendProblem } from './problem-filter.js';
import { observeRequests } from './request-log.js';

/** Connections that say nothing are closed; a request's headers have this long to arrive. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;

export async function runApi(settings: Settings, logger: Logger): Promise<Running> {
  const redisUrl = requireRedis(settings);
  const repository = await openRepository(settings.MODELS_DIR, { verify: 'all-but-graph' });
  const models = repository.names();

  const gate = new RateGate(2);
  const onRedisError = (error: Error): void => {
    const suppressed = gate.pass();
    if (suppressed !== null) logger.warn({ err: error, suppressed }, 'redis error');
  };
  const redis = connectProducer(redisUrl, onRedisError);
  const subscriber = connectSubscriber(redisUrl, onRedisError);
  const names = new Catalogue(settings.REDIS_PREFIX);
  const queues = new ModelQueues(redis, names, onRedisError);
  const fleet = new FleetView(new Fleet(redis, names), () => redis.status === 'ready', onRedisError);
  const backlog = new Backlog(
    queues,
    models,
    { maxQueueDepth: settings.MAX_QUEUE_DEPTH, redisMemoryMark: settings.REDIS_MEMORY_MARK },
    onRedisError,
  );

  const registry = makeRegistry('api');
  const metrics = new ApiMetrics(registry);
  registerQueueGauges(registry, {
    depth: () => models.map((model): [string, number] => [model, backlog.of(model).predictions]),
    jobs: () =>
      models.flatMap((model) =>
        Object.entries(backlog.of(model).jobs).map(([state, jobs]): [string, string, number] => [model, state, jobs]),
      ),
    memoryShare: () => backlog.memoryShare,
    redisUp: () => redis.status === 'ready',
  });

  const origin = names.originChannel(randomUUID());
  const completions = new Completions(subscriber, names, origin, onRedisError);
  const reader = new EnvelopeReader(queues, settings.RESULT_TTL_SECONDS);
  const writer = new EnvelopeWriter(queues, origin, (versionId) => fleet.rowCostMs(versionId));
  const catalogue = new ModelCatalogue(repository, metrics);
  const parts: ApiParts = {
    accept: new AcceptPrediction(catalogue, backlog, writer, new Reservations(redis, names), metrics),
    await: new AwaitPrediction(completions, reader),
    cancel: new CancelPrediction(queues, reader),
    reader,
    completions,
    catalogue,
    address: new ClientAddress(settings.PUBLIC_URL, `${settings.HOST}:${settings.PORT}`),
    metrics,
  };

  let draining = false;
  const readiness: Readiness = {
    check: () =>
      Promise.resolve({
        redis: { status: redis.status === 'ready' ? 'up' : 'down' },
        serving: { status: draining ? 'down' : 'up' },
      }),
    degraded: () => models.filter((model) => !fleet.serves(model)).map((model) => `no live worker serves ${model}`),
  };

  const operations = await listenForOperations({
    host: settings.OPS_HOST,
    port: settings.OPS_PORT,
    logger,
    readiness,
    configure: (app) => mountBoard(app, queues, models),
  });
  const app = await createPublicApp(settings, parts, readiness, logger);
  mountOpenApi(app, repository, packageVersion());
  // Redis may be away: the process lives, says that it is not ready, and recovers by itself.
  completions.start().catch(onRedisError);
  backlog.start();
  fleet.start();
  await app.listen(settings.PORT, settings.HOST);
  const url = await app.getUrl();
  logger.info({ url, models }, 'accepts predictions');
  await tellLauncher({ kind: 'listening', url, opsUrl: operations.url });

  return {
    shutdownSeconds: settings.SHUTDOWN_SECONDS,
    async stop() {
      draining = true;
      parts.await.releaseAll();
      await app.close();
      backlog.stop();
      fleet.stop();
      await operations.app.close();
      redis.disconnect();
      subscriber.disconnect();
    },
  };
}

async function createPublicApp(
  settings: Settings,
  parts: ApiParts,
  readiness: Readiness,
  logger: Logger,
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    logger: false,
    bodyLimit: settings.BODY_LIMIT_BYTES,
    requestIdHeader: false,
    genReqId: (request: { headers: IncomingHttpHeaders }) => requestIdFrom(request.headers['x-request-id']),
    forceCloseConnections: 'idle',
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Fastify's own answer to a malformed URL, before there is a route.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(error, request, reply, logger),
    clientErrorHandler: answerUnreadableRequest,
    routerOptions: { maxParamLength: 256 },
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    ApiModule.of(parts, readiness, logger),
    adapter,
    // Fastify's own JSON parser alone: Nest's would take forms as well.
    { logger: false, abortOnError: false, bodyParser: false },
  );
  adapter.getInstance().server.headersTimeout = HEADERS_TIMEOUT_MS;
  observeRequests(adapter.getInstance() as never, logger, parts.metrics, settings.SLOW_SECONDS);
  if (settings.CORS_ORIGINS.length > 0) app.enableCors({ origin: settings.CORS_ORIGINS });
  return app;
}

function packageVersion(): string {
  const text = readFileSync(path.join(projectRoot(), 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
