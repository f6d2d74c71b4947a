/** A span a request of a client, where the API traces. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { parseTraceparent } from '#telemetry/trace-context';
import type { Tracing } from '#telemetry/tracing';

/** Health checks and pages are not part of any work worth tracing. */
const TRACED = /^\/v\d+\//;

export function traceRequests(server: FastifyInstance, tracing: Tracing): void {
  server.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done) => {
    const route = request.routeOptions.url ?? '';
    if (!TRACED.test(route)) return done();
    const { method } = request;
    const span = tracing.begin({
      name: `${method} ${route}`,
      kind: 'server',
      parent: parseTraceparent(request.headers.traceparent),
      attributes: { 'http.request.method': method, 'http.route': route, 'millrace.request_id': request.id },
    });
    request.span = span;
    // Also where the caller hung up before it was answered.
    reply.raw.once('close', () => {
      const { statusCode: status } = reply;
      const attributes = { 'http.response.status_code': status, ...subjectOf(request) };
      span.end({ attributes, error: status >= 500 ? (request.refused?.code ?? 'internal') : null });
    });
    done();
  });
}

function subjectOf({ accepted, acceptedBatch }: FastifyRequest): Readonly<Record<string, string>> {
  if (acceptedBatch !== undefined) return { 'millrace.batch': acceptedBatch.plan.id };
  if (accepted === undefined) return {};
  const { id, model, versionLabel } = accepted;
  return { 'millrace.prediction': id, 'millrace.model': model, 'millrace.version': versionLabel };
}
