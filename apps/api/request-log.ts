/** One line a request: errors always, the rest up to a hundred a second. Never a body, never the query. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '#telemetry/logger';
import type { ApiMetrics } from '#telemetry/metrics';
import { RateGate } from '#telemetry/sampling';

const LINES_PER_SECOND = 100;

export function observeRequests(
  server: FastifyInstance,
  logger: Logger,
  metrics: ApiMetrics,
  slowSeconds: number,
): void {
  const gate = new RateGate(LINES_PER_SECOND);
  server.addHook('onRoute', ({ url, method }) => {
    const methods = [method].flat().filter((one) => one !== 'HEAD' && one !== 'OPTIONS');
    for (const one of methods) metrics.expectRoute(url, one);
  });
  server.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done) => {
    reply.header('x-request-id', request.id);
    metrics.inFlight += 1;
    // Whether the answer was sent or the caller hung up; `onResponse` comes for the first alone.
    reply.raw.once('close', () => (metrics.inFlight -= 1));
    done();
  });
  server.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done) => {
    const seconds = reply.elapsedTime / 1_000;
    const route = request.routeOptions.url ?? 'none';
    const { statusCode: status } = reply;
    metrics.requests.inc({ route, method: request.method, status: String(status) });
    metrics.requestSeconds.observe({ route }, seconds);
    const level = status >= 500 ? 'error' : status >= 400 ? 'warn' : 'info';
    if (!logger.isLevelEnabled(level)) return done();
    const suppressed = level === 'info' && seconds < slowSeconds ? gate.pass() : 0;
    if (suppressed !== null) {
      const held = suppressed > 0 ? { suppressed } : {};
      logger[level](
        {
          request_id: request.id,
          method: request.method,
          route,
          status,
          duration_ms: Math.round(seconds * 1e6) / 1e3,
          ...held,
        },
        'request',
      );
    }
    done();
  });
}
