/**
 * The operations port of a process: `/health`, `/ready` and `/metrics`, on an address of its own, so that nothing of it
 * is reachable where clients are.
 */
import { Controller, Get, Inject, type DynamicModule, Module, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { HealthCheckService, type HealthIndicatorResult, TerminusModule } from '@nestjs/terminus';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { LoggerModule } from 'nestjs-pino';
import { register } from 'prom-client';
import type { Logger } from '#telemetry/logger';
import { type Build, registerProcessGauges } from '#telemetry/process-gauges';
import { requestIdFrom } from '#telemetry/request-id';

/** What a process says of itself. */
export interface Readiness {
  /** Each part by name; a part that is `down` makes the process not ready (503). */
  check(): Promise<HealthIndicatorResult>;
  /** Parts that work less well, by name and in words; the process stays ready (200) and says `degraded`. */
  degraded(): readonly string[];
}

const READINESS = Symbol('readiness');

@ApiTags('operations')
@Controller()
export class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(READINESS) private readonly readiness: Readiness,
  ) {}

  /** Alive: the process answers. It says nothing of what the process depends on, so a restart is its only cure. */
  @ApiOperation({ summary: 'Ask whether the process is alive' })
  @Get('health')
  alive(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** Ready: it can do its work now. */
  @ApiOperation({ summary: 'Ask whether it can do its work now' })
  @Get('ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    reply.header('cache-control', 'no-store');
    const result = await this.health.check([() => this.readiness.check()]);
    const degraded = this.readiness.degraded();
    return degraded.length === 0 ? result : { ...result, status: 'degraded', degraded };
  }
}

@Module({})
export class HealthModule {
  static of(readiness: Readiness): DynamicModule {
    return {
      module: HealthModule,
      imports: [TerminusModule.forRoot({ logger: false })],
      controllers: [HealthController],
      providers: [{ provide: READINESS, useValue: readiness }],
    };
  }
}

@Module({})
class OperationsModule {
  static of({ logger, readiness, metrics }: OperationsOptions): DynamicModule {
    return {
      module: OperationsModule,
      imports: [
        LoggerModule.forRoot({ pinoHttp: { logger, autoLogging: false } }),
        ...(metrics === 'on' ? [PrometheusModule.register({ defaultMetrics: { enabled: true } })] : []),
        HealthModule.of(readiness),
      ],
    };
  }
}

export interface OperationsOptions {
  readonly host: string;
  readonly port: number;
  readonly logger: Logger;
  readonly readiness: Readiness;
  readonly build: Build;
  /** `off`: there is no `/metrics`. */
  readonly metrics: 'on' | 'off';
  /** Adds what only one process has, before the port opens. */
  readonly configure?: (app: NestFastifyApplication) => Promise<void>;
}

const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** @returns the application and its address; port 0 takes a free one, which the log names */
export async function listenForOperations(
  options: OperationsOptions,
): Promise<{ app: NestFastifyApplication; url: string }> {
  const { host, port, logger, readiness, build } = options;
  if (options.metrics === 'on') {
    registerProcessGauges(register, {
      build,
      isReady: async () => isUp(await readiness.check()),
      isDegraded: () => readiness.degraded().length > 0,
    });
  }
  const app = await NestFactory.create<NestFastifyApplication>(
    OperationsModule.of(options),
    new FastifyAdapter({ logger: false, frameworkErrors: refuseOddUrl }),
    { logger: false, abortOnError: false },
  );
  // Gauges that prom-client names like counters; the same figures by type stay.
  for (const name of MISNAMED) register.removeSingleMetric(name);
  await options.configure?.(app);
  await app.listen(port, host);
  const url = await app.getUrl();
  logger.info({ url }, 'operations port listens');
  return { app, url };
}

const ODD_URLS = {
  400: { title: 'Bad request', code: 'invalid_url', detail: 'The URL is malformed.' },
  414: {
    title: 'URI too long',
    code: 'url_too_long',
    detail: 'A part of the path is longer than this service accepts.',
  },
} as const;

/** Such a request reaches no route, and no filter of errors. The problem is the one of the public port. */
function refuseOddUrl({ statusCode }: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const status = statusCode === 414 ? 414 : 400;
  const requestId = requestIdFrom(request.headers['x-request-id']);
  const instance = request.url.split('?')[0];
  void reply
    .code(status)
    .header('x-request-id', requestId)
    .type('application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', status, ...ODD_URLS[status], instance, request_id: requestId }));
}

function isUp(parts: HealthIndicatorResult): boolean {
  return Object.values(parts).every(({ status }) => status === 'up');
}
