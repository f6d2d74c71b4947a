/** The body of an inference request, and what is wrong with one. */
import { problem, ProblemError } from '#contract/problem';
import type { FieldProblem } from '#domain/field-problem';
import { DATATYPES, type Datatype } from './datatypes.js';

export interface RequestInput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: Datatype;
  readonly data: readonly unknown[];
}

export interface InferRequest {
  readonly id?: string;
  readonly inputs: readonly RequestInput[];
  readonly outputs?: readonly { readonly name: string }[];
}

/** None is defined by the protocol, and none has an effect. */
const parameters = {
  type: 'object',
  description: 'Accepted, without effect.',
  additionalProperties: { type: ['string', 'number', 'boolean'] },
} as const;

export const INFER_REQUEST_SCHEMA = {
  type: 'object',
  required: ['inputs'],
  properties: {
    id: { type: 'string', description: 'Returned with the answer.' },
    parameters,
    inputs: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['name', 'shape', 'datatype', 'data'],
        properties: {
          name: { type: 'string', description: 'As named in the metadata of the model.' },
          shape: {
            type: 'array',
            description: 'The number of rows, then the shape of each row.',
            minItems: 1,
            maxItems: 8,
            items: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
          },
          datatype: { enum: DATATYPES },
          parameters,
          data: { type: 'array', description: 'Row by row, flat or nested; null for a missing value.' },
        },
      },
    },
    outputs: {
      type: 'array',
      description: 'The outputs to return; by default all.',
      items: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, parameters } },
    },
  },
} as const;

/** Errors named at most. */
export const MOST_NAMED = 100;

/** @param errors at least one; their details are whole sentences but for the capital and the full stop */
export function wrongTensors(errors: readonly FieldProblem[]): ProblemError {
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const detail = `The inputs are not valid: ${errors[0]?.detail ?? 'unknown'}${more}.`;
  return new ProblemError(problem(422, 'invalid_request', detail, errors.slice(0, MOST_NAMED)));
}
