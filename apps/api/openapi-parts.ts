/** Pieces that operations of `/openapi.json` are made of. */
import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';

/** What the door says, before any route does. */
const AT_THE_DOOR = {
  401: 'No valid API key.',
  403: 'The key lacks the scope of this route.',
  429: 'Too many requests with wrong keys; `Retry-After` says when to come back.',
};

/** Of operations whose body is read before they begin. */
export const LATE_BODY = { 408: 'The request did not arrive within 30 seconds (`request_timeout`).' } as const;

interface ProblemAnswer {
  readonly description: string;
  readonly content: { readonly 'application/problem+json': { readonly schema: { readonly $ref: string } } };
}

/** @param own answers of the operation by status, besides those that every operation has */
export function problems(own: Readonly<Record<number, string>>): Record<string, ProblemAnswer> {
  return openProblems({ ...AT_THE_DOOR, ...own });
}

/** Of an operation that asks its caller for nothing. */
export function openProblems(own: Readonly<Record<number, string>>): Record<string, ProblemAnswer> {
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  return Object.fromEntries(Object.entries(own).map(([status, description]) => [status, { description, content }]));
}

/** The same as a decorator, for operations that Nest itself describes. */
export function ApiProblems(own: Readonly<Record<number, string>>): MethodDecorator {
  const answers = Object.entries(problems(own));
  return applyDecorators(...answers.map(([status, answer]) => ApiResponse({ status: Number(status), ...answer })));
}

/** Without an example: `/docs` would send it with the first try, and a header that nobody asked for changes the answer. */
export function header(name: string, description: string): NamedParameter {
  return { name, in: 'header', required: false, schema: { type: 'string' }, description };
}

export interface NamedParameter {
  readonly name: string;
  readonly [key: string]: unknown;
}

export function pathParameter(name: string, example?: string): object {
  return { name, in: 'path', required: true, schema: { type: 'string' }, ...(example ? { example } : {}) };
}
