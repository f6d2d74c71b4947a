/** Errors on the wire: problem details (RFC 9457), never with a stack, a path, or a dependency's message. */
import type { FieldProblem } from '#domain/field-problem';

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** Stable, for programs. */
  readonly code: string;
  readonly errors?: readonly FieldProblem[];
}

/** Thrown where a request cannot be served; one filter turns it into the answer. */
export class ProblemError extends Error {
  constructor(
    readonly problem: Problem,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(problem.detail);
    this.name = 'ProblemError';
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  406: 'Not acceptable',
  408: 'Request timeout',
  409: 'Conflict',
  413: 'Content too large',
  414: 'URI too long',
  415: 'Unsupported media type',
  417: 'Expectation failed',
  422: 'Unprocessable content',
  429: 'Too many requests',
  431: 'Request header fields too large',
  500: 'Internal error',
  503: 'Service unavailable',
};

export function problem(status: number, code: string, detail: string, errors?: readonly FieldProblem[]): Problem {
  const title = TITLES[status] ?? 'Error';
  return { type: 'about:blank', title, status, detail, code, ...(errors === undefined ? {} : { errors }) };
}

/** The one 503 that is intended: an operator is draining the model, and nothing was accepted. */
export const MODEL_DRAINING = 'model_draining';

/** Where the cause lies: the caller, whoever issues keys, the operators, Redis, or this service. */
export type ProblemCategory = 'input' | 'access' | 'capacity' | 'dependency' | 'internal';

export function categoryOf({ status, code }: Problem): ProblemCategory {
  if (status === 401 || status === 403) return 'access';
  if (status === 429 || code === MODEL_DRAINING) return 'capacity';
  if (status === 503) return 'dependency';
  return status < 500 ? 'input' : 'internal';
}

/** 422: each field with its pointer, code and rule. */
export function invalidFields(errors: readonly FieldProblem[]): ProblemError {
  const first = errors[0];
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const where = first === undefined || first.pointer === '' ? 'The request' : first.pointer;
  const detail = `${where} ${first?.detail ?? 'is not valid'}${more}`;
  return new ProblemError(problem(422, 'invalid_request', detail, errors));
}

export function notFound(what: string, code = 'not_found'): ProblemError {
  return new ProblemError(problem(404, code, what));
}

export function tooManyRequests(code: string, detail: string, retryAfterS: number): ProblemError {
  return new ProblemError(problem(429, code, detail), { 'retry-after': String(retryAfterS) });
}

/** 503 means that nobody knows whether the request took effect; an Idempotency-Key makes it safe to repeat. */
export function unavailable(): ProblemError {
  const detail =
    'The queue did not answer in time. The prediction may or may not run; repeat the request with an Idempotency-Key.';
  return new ProblemError(problem(503, 'queue_unavailable', detail), { 'retry-after': '1' });
}
