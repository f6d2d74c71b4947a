/** One line a request: errors always, the rest up to a hundred a second. Never a body, never the query. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { API_VERSION } from '#contract/api-version';
import { categoryOf } from '#contract/problem';
import type { Batch } from '#domain/batch';
import type { Submission } from '#domain/prediction';
import type { Logger } from '#telemetry/logger';
import type { ApiMetrics } from '#telemetry/metrics';
import { RateGate } from '#telemetry/sampling';
import { InFlight } from './in-flight.js';
import { spanOf } from './request-trace.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The prediction that this request has submitted, or has found under its key. */
    accepted: Submission | undefined;
    acceptedBatch: Batch | undefined;
  }
}

const LINES_PER_SECOND = 100;

export function observeRequests(
  server: FastifyInstance,
  logger: Logger,
  metrics: ApiMetrics,
  slowSeconds: number,
): void {
  const gate = new RateGate(LINES_PER_SECOND);
  for (const name of ['refused', 'accepted', 'acceptedBatch']) server.decorateRequest(name, undefined);
  server.addHook('onRoute', ({ url, method }) => {
    const methods = [method].flat().filter((one) => one !== 'HEAD' && one !== 'OPTIONS');
    for (const one of methods) metrics.expectRoute(url, one);
  });
  const inFlight = new InFlight(metrics);
  server.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done) => {
    reply.header('x-request-id', request.id);
    inFlight.begin(request.raw.socket, done);
  });
  server.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done) => {
    inFlight.end(request.raw.socket);
    const seconds = reply.elapsedTime / 1_000;
    const route = request.routeOptions.url ?? 'none';
    const { statusCode: status } = reply;
    metrics.requests.inc({ route, method: request.method, status: String(status) });
    metrics.requestSeconds.observe({ route }, seconds);
    const level = status >= 500 ? 'error' : status >= 400 ? 'warn' : 'info';
    if (!logger.isLevelEnabled(level)) return done();
    const suppressed = level === 'info' && seconds < slowSeconds ? gate.pass() : 0;
    if (suppressed !== null) {
      const answer = { method: request.method, route, status, duration_ms: Math.round(seconds * 1e6) / 1e3 };
      const held = suppressed > 0 ? { suppressed } : {};
      logger[level](
        { request_id: request.id, ...traced(request), ...answer, ...subjectOf(request), ...held },
        'request',
      );
    }
    done();
  });
}

function traced(request: FastifyRequest): object {
  const span = spanOf(request);
  return span === null ? {} : { trace_id: span.traceId };
}

/** What the request was about. */
function subjectOf({ accepted, acceptedBatch, refused }: FastifyRequest): object {
  if (refused !== undefined) return { category: categoryOf(refused), code: refused.code };
  if (acceptedBatch !== undefined) {
    const { id, model, versionLabel: version } = acceptedBatch.plan;
    return { batch: id, api_version: API_VERSION, model, version, rows: acceptedBatch.rows };
  }
  if (accepted === undefined) return {};
  const { id, model, versionLabel: version, input } = accepted;
  return { prediction: id, api_version: API_VERSION, model, version, input_bytes: sizeOf(input) };
}

function sizeOf(input: Submission['input']): number {
  return Buffer.byteLength(JSON.stringify(input));
}
