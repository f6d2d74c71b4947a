/** The one place where an error becomes an answer. */
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { categoryOf, type Problem, problem, ProblemError, tooManyRequests, unavailable } from '#contract/problem';
import { QueueFullError, QueueUnavailableError } from '#queue/connection';
import { errorFieldsWithStack } from '#telemetry/error-fields';
import type { Logger } from '#telemetry/logger';
import { protocolFields } from './error-faces.js';
import { leaveRest } from './unread-rest.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** What its caller was told instead of an answer. */
    refused: Problem | undefined;
  }
}

@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    sendProblem(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>(), this.logger);
  }
}

/** Too large, or of a kind that is not read. */
const BODY_REFUSED: ReadonlySet<number> = new Set([413, 415]);

export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply, logger: Logger): void {
  const { problem: body, headers } = toProblemError(error);
  if (body.status >= 500 && body.code === 'internal') {
    // The stack is for us; the caller gets an id to name.
    const { code } = body;
    logger.error(
      { category: 'internal', code, err: errorFieldsWithStack(error), request_id: request.id },
      'request failed',
    );
  }
  request.refused = body;
  if (body.code === 'upload_aborted') {
    // An answer that nobody hears has no line of its own.
    const { id, method, routeOptions } = request;
    const refused = { category: categoryOf(body), code: body.code, status: body.status };
    logger.warn({ request_id: id, method, route: routeOptions.url, ...refused }, 'request');
  }
  const instance = request.url.split('?')[0];
  reply.code(body.status);
  // A streamed body is left by its route. Any other would be cut off by Fastify, before its sender had read why.
  if (BODY_REFUSED.has(body.status) && request.bytesBefore === undefined) leaveRest(request, reply);
  void reply
    .headers(headers)
    // Requests that reach no route have not been given this header.
    .header('x-request-id', request.id)
    .type('application/problem+json')
    .send(JSON.stringify({ ...body, instance, request_id: request.id, ...protocolFields(request.url, body) }));
}

function toProblemError(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof QueueUnavailableError) return unavailable();
  if (error instanceof QueueFullError) {
    return tooManyRequests('storage_full', 'The service has no room for new predictions.', 5);
  }
  return new ProblemError(fromFramework(error));
}

/** What Fastify and Nest throw before or around a route, in our words. */
function fromFramework(error: unknown): ProblemError['problem'] {
  switch ((error as FastifyError | null)?.code) {
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return problem(400, 'invalid_json', 'The body is not valid JSON.');
    case 'FST_ERR_BAD_URL':
      return problem(400, 'invalid_url', 'The URL is malformed.');
    default:
      return byStatus(error);
  }
}

function byStatus(error: unknown): ProblemError['problem'] {
  const status = error instanceof HttpException ? error.getStatus() : statusOf(error);
  switch (status) {
    case 400:
      return problem(400, 'invalid_json', 'The body is not valid JSON.');
    // A path that leads out of the folder of a page; whom a key does not let in is told so by a problem of its own.
    case 403:
    case 404:
      return problem(404, 'no_route', 'There is no such route.');
    case 413:
      return problem(413, 'body_too_large', 'The body is larger than this service accepts.');
    case 414:
      return problem(414, 'url_too_long', 'A part of the path is longer than this service accepts.');
    case 415:
      return problem(415, 'unsupported_media_type', 'Send the body as application/json.');
    case 503:
      return problem(503, 'not_ready', 'The service is not ready: it is draining, or Redis is away.');
    default:
      if (status < 500) return problem(status, 'bad_request', 'The request cannot be served.');
      return problem(500, 'internal', 'Something went wrong inside the service.');
  }
}

function statusOf(error: unknown): number {
  const status = (error as FastifyError | null)?.statusCode;
  return typeof status === 'number' && status >= 400 && status < 600 ? status : 500;
}
