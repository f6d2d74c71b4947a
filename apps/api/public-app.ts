/** The application that clients reach: Nest on Fastify, with its limits and its way of answering errors. */
import type { IncomingHttpHeaders } from 'node:http';
import cors from '@fastify/cors';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Settings } from '#config/settings';
import type { Readiness } from '#process/operations.module';
import type { Logger } from '#telemetry/logger';
import { requestIdFrom } from '#telemetry/request-id';
import type { Tracing } from '#telemetry/tracing';
import { guardRequests, type Keys } from './access/guard.js';
import { requireDeclarations } from './access/requires.js';
import { ApiModule, type ApiParts } from './api.module.js';
import { answerUnreadableRequest, refuseUnmeetable } from './early-errors.js';
import { PredictionRoutes } from './predictions.routes.js';
import { sendProblem } from './problem-filter.js';
import { observeRequests } from './request-log.js';
import { traceRequests } from './request-spans.js';
import { streamBodies } from './streamed-body.js';
import { takeJsonBodies, WHOLE_MESSAGES } from './whole-messages.js';

/** A request's headers have this long to arrive. */
const HEADERS_TIMEOUT_MS = 10_000;
const SWEEP_EVERY_MS = 50;
/** Headers of ours that a page of another origin may read. */
const READABLE = ['etag', 'idempotency-replayed', 'location', 'preference-applied', 'retry-after', 'x-request-id'];

/** Where what happens is told. */
export interface Reporting {
  readonly logger: Logger;
  readonly tracing: Tracing | null;
}

export async function createPublicApp(
  settings: Settings,
  parts: ApiParts,
  readiness: Readiness,
  keys: Keys | null,
  { logger, tracing }: Reporting,
): Promise<NestFastifyApplication> {
  const server = openServer(settings, logger);
  requireDeclarations(server);
  observeRequests(server, logger, parts.metrics, settings.SLOW_SECONDS);
  refuseUnmeetable(server);
  if (settings.CORS_ORIGINS.length > 0) {
    // Before the door: a browser asks without a key what it may send, and may read a refusal.
    await server.register(cors, {
      origin: settings.CORS_ORIGINS,
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
      exposedHeaders: READABLE,
    });
  }
  server.decorateRequest('span', undefined);
  if (tracing !== null) traceRequests(server, tracing);
  const refuse = (error: unknown, request: FastifyRequest, reply: FastifyReply): void =>
    sendProblem(error, request, reply, logger);
  streamBodies(server, refuse);
  guardRequests(server, keys, refuse);
  server.setErrorHandler(refuse);
  new PredictionRoutes(parts).mount(server);
  return mountNest(server, ApiModule.of(parts, readiness, logger));
}

/** Nest adds hooks of its own to what it is given: in a context of its own they run for its routes alone. */
async function mountNest(server: FastifyInstance, module: DynamicModule): Promise<NestFastifyApplication> {
  let app: NestFastifyApplication | undefined;
  await server.register(async (context) => {
    const adapter = new FastifyAdapter(context);
    // Fastify's own JSON parser alone: Nest's would take forms as well.
    const options = { logger: false, abortOnError: false, bodyParser: false } as const;
    app = await NestFactory.create<NestFastifyApplication>(module, adapter, options);
  });
  if (app === undefined) throw new Error('Fastify did not load the context of Nest.');
  return app;
}

function openServer(settings: Settings, logger: Logger): FastifyInstance {
  const server = fastify({
    http: { ...WHOLE_MESSAGES, requireHostHeader: false },
    logger: false,
    bodyLimit: settings.BODY_LIMIT_BYTES,
    requestIdHeader: false,
    genReqId: (request: { headers: IncomingHttpHeaders }) => requestIdFrom(request.headers['x-request-id']),
    forceCloseConnections: 'idle',
    // What arrives on a connection that is kept is served, since all that it needs ends later; Fastify says that it closes.
    return503OnClosing: false,
    // Node's limit holds for every request alike; see `streamed-body` for those of ours.
    requestTimeout: 0,
    // A malformed URL never reaches a route.
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(error, request, reply, logger),
    clientErrorHandler: answerUnreadableRequest,
    routerOptions: { maxParamLength: 256 },
    // The published description of the Open Inference Protocol writes it so, its text without the slash.
    rewriteUrl: ({ url = '/' }) => (url === '/v2/' ? '/v2' : url),
  });
  server.server.headersTimeout = HEADERS_TIMEOUT_MS;
  // Fastify takes plain text as well, unless it is told not to.
  server.removeContentTypeParser('text/plain');
  takeJsonBodies(server);
  return server;
}

/** A connection that was busy when closing began is idle after its answer, and would hold the process for a minute. */
export async function closePublicApp(app: NestFastifyApplication): Promise<void> {
  const { server } = app.getHttpAdapter().getInstance();
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_EVERY_MS);
  try {
    await app.close();
  } finally {
    clearInterval(sweep);
  }
}
