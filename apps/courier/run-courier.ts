/** Builds the courier out of its parts, and takes it apart again. */
import { buildOf } from '#config/build';
import { requireRedis, type Settings } from '#config/settings';
import { EVENT_KINDS } from '#domain/callback';
import type { DeliveryAttempt } from '#domain/delivery';
import { tellLauncher } from '#process/launch-channel';
import { listenForOperations, type Readiness } from '#process/operations.module';
import { logRedisErrors } from '#process/redis-errors';
import { makeRegistry } from '#process/registry';
import type { Running } from '#process/start';
import { tracingOf } from '#process/tracing';
import { AnnouncementIntake } from '#queue/announcement-intake';
import { BatchReader } from '#queue/batch-reader';
import { Catalogue } from '#queue/catalogue';
import { ClockWatch } from '#queue/clock-watch';
import { connectSubscriber, connectWorker, isAnswering } from '#queue/connection';
import { ATTEMPT_ENDS, type AttemptEnd, Deliveries, type TakenDelivery } from '#queue/deliveries';
import { EnvelopeReader } from '#queue/envelope-reader';
import { Janitor, JANITOR_DEFAULTS, MENDED } from '#queue/janitor';
import { ModelQueues } from '#queue/model-queues';
import { ModelRegister } from '#queue/model-register';
import { StartNoticeIntake } from '#queue/start-notices';
import { WebhookSecrets } from '#queue/webhook-secrets';
import { Rounds } from '#queue/rounds';
import type { Logger } from '#telemetry/logger';
import { CourierMetrics } from '#telemetry/courier-metrics';
import type { Tracing } from '#telemetry/tracing';
import { EndpointGuard } from '#webhooks/endpoint-guard';
import { newSecret } from '#webhooks/signature';
import { WebhookClient } from '#webhooks/webhook-client';
import { Deliverer } from './deliverer.js';
import { attemptLine } from './delivery-line.js';
import { DeliverySpans } from './delivery-spans.js';
import { FanOut } from './fan-out.js';
import { SecretCache } from './secret-cache.js';

const JANITOR_EVERY_MS = 15_000;

export async function runCourier(settings: Settings, logger: Logger): Promise<Running> {
  const redisUrl = requireRedis(settings);
  const onRedisError = logRedisErrors(logger);
  const redis = connectWorker(redisUrl, onRedisError);
  const subscriber = connectSubscriber(redisUrl, onRedisError);
  const catalogue = new Catalogue(settings.REDIS_PREFIX);
  const queues = new ModelQueues(redis, catalogue, onRedisError);
  const deliveries = new Deliveries(redis, catalogue, settings.RESULT_TTL_SECONDS);
  const metrics = new CourierMetrics(makeRegistry('courier', settings.METRICS), () =>
    deliveries.summary().catch((error: unknown) => {
      onRedisError(error as Error);
      return null;
    }),
  );
  metrics.expect({ events: EVENT_KINDS, outcomes: ATTEMPT_ENDS, mended: MENDED });
  const reader = new EnvelopeReader(queues, settings.RESULT_TTL_SECONDS);
  const batches = new BatchReader(queues, reader, settings.RESULT_TTL_SECONDS);
  const fanOut = new FanOut(reader, batches, deliveries, {
    onEvent: (kind) => metrics.events.inc({ event: kind }),
    onExpired(id) {
      metrics.expired.inc();
      logger.error(
        { category: 'internal', code: 'expired', prediction: id },
        'a prediction was removed before its callback could be made',
      );
    },
  });
  const tracing = await tracingOf(settings, 'courier', logger);
  const deliverer = buildDeliverer(settings, { logger, metrics, tracing }, queues, deliveries);
  const starts = new StartNoticeIntake(redis, catalogue, (notice) => fanOut.tellStarted(notice), onRedisError);
  const clock = new ClockWatch(redis, (sentence) => logger.error({ category: 'fleet', code: 'clock_off' }, sentence));
  const register = new ModelRegister(redis, catalogue, onRedisError);

  const janitor = new Janitor(queues, batches, {
    ...JANITOR_DEFAULTS,
    resultTtlSeconds: settings.RESULT_TTL_SECONDS,
  });
  const intakes = new Map<string, AnnouncementIntake>();
  const rounds = new Rounds(
    async () => {
      const mended = await janitor.sweep([...intakes.keys()]);
      for (const [what, count] of Object.entries<number>(mended ?? {})) {
        if (count === 0) continue;
        metrics.mended.inc({ what }, count);
        logger.warn({ what, count }, 'the janitor mended what nobody else had ended');
      }
    },
    JANITOR_EVERY_MS,
    onRedisError,
  );
  const onUntold = logRedisErrors(logger, 'announcement not told yet');
  register.onModel((model) => {
    const intake = new AnnouncementIntake(redis, catalogue, {
      model,
      keptSeconds: settings.RESULT_TTL_SECONDS,
      tell: (announcement) => fanOut.tell(announcement),
      onError: (error) => onUntold(error, { model }),
    });
    intakes.set(model, intake);
    intake.start();
  });

  let draining = false;
  const operations = await listenForOperations({
    host: settings.OPS_HOST,
    port: settings.OPS_PORT,
    logger,
    build: buildOf(settings),
    metrics: settings.METRICS,
    readiness: readinessOf(clock, async () => ({ answering: await isAnswering(redis), draining })),
  });
  await tellLauncher({ kind: 'listening', opsUrl: operations.url });
  clock.start();
  register.watch();
  starts.start();
  subscriber.on('message', () => deliverer.wake());
  subscriber.subscribe(deliveries.channel).catch(onRedisError);
  deliverer.start();
  rounds.startAfterPause();
  logger.info('delivers webhooks');

  return {
    shutdownSeconds: settings.SHUTDOWN_SECONDS,
    async stop() {
      draining = true;
      clock.stop();
      register.stop();
      await Promise.all([
        rounds.stop(),
        deliverer.stop(),
        starts.close(),
        ...[...intakes.values()].map((intake) => intake.close()),
      ]);
      await operations.app.close();
      await tracing?.stop();
      redis.disconnect();
      subscriber.disconnect();
    },
  };
}

interface CourierTelling {
  readonly logger: Logger;
  readonly metrics: CourierMetrics;
  readonly tracing: Tracing | null;
}

function buildDeliverer(
  settings: Settings,
  { logger, metrics, tracing }: CourierTelling,
  { redis, catalogue }: ModelQueues,
  deliveries: Deliveries,
): Deliverer {
  const guard = new EndpointGuard({ allowPrivate: settings.WEBHOOK_ALLOW_PRIVATE });
  const secrets = new SecretCache(new WebhookSecrets(redis, catalogue, newSecret));
  const tellAttempt = attemptLine(logger);
  const observer = {
    onAttempt(delivery: TakenDelivery, attempt: DeliveryAttempt, end: AttemptEnd['kind']): void {
      metrics.attempts.inc({ outcome: end });
      metrics.attemptSeconds.observe(attempt.durationMs / 1_000);
      const sinceEventS = Math.max(0, Date.now() - delivery.createdAtMs) / 1_000;
      if (end === 'delivered') metrics.deliverySeconds.observe(sinceEventS);
      tellAttempt(delivery, attempt, end);
    },
    onGivenUp: (count: number) => {
      const fields = { category: 'receiver', code: 'given_up', count };
      logger.warn(fields, 'gave up deliveries whose endpoint failed for too long');
    },
    onError: logRedisErrors(logger),
  };
  const spans = tracing === null ? null : new DeliverySpans(tracing);
  return new Deliverer(deliveries, new WebhookClient({ guard }), secrets.of, observer, spans);
}

function readinessOf(
  clock: ClockWatch,
  state: () => Promise<{ readonly answering: boolean; readonly draining: boolean }>,
): Readiness {
  return {
    async check() {
      const { answering, draining } = await state();
      return { redis: { status: answering ? 'up' : 'down' }, serving: { status: draining ? 'down' : 'up' } };
    },
    degraded: () => [clock.complaint].filter((sentence) => sentence !== null),
  };
}
