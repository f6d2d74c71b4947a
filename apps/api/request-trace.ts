/** What of a request travels on with what it asks for. */
import type { FastifyRequest } from 'fastify';
import type { Callback } from '#domain/callback';
import type { Trace } from '#domain/trace';
import { formatTraceparent, parseTraceparent, type SpanReference } from '#telemetry/trace-context';
import type { OpenSpan } from '#telemetry/tracing';

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the API itself; absent where it does not trace. */
    span: OpenSpan | undefined;
  }
}

/**
 * @param callback who is told of the end
 * @returns null where nobody would follow it: a million predictions do not carry what nobody asked for
 */
export function traceOf(request: FastifyRequest, callback: Pick<Callback, 'url'> | null): Trace | null {
  const span = spanOf(request);
  const isNamed = request.headers['x-request-id'] === request.id;
  if (span === null && !isNamed && callback === null) return null;
  return span === null ? { requestId: request.id } : { requestId: request.id, traceparent: formatTraceparent(span) };
}

/** The trace that a request is a part of, if any. */
export function spanOf({ span, headers }: FastifyRequest): SpanReference | null {
  return span?.isSampled === true ? span : parseTraceparent(headers.traceparent);
}
