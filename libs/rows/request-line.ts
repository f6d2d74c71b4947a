/**
 * Lines that are requests, as batches of OpenAI have them: `{"custom_id", "method": "POST", "url", "body": {"model", "input"}}`.
 */
import { customIdProblem, type RawRow, type RowShape, unreadable, type UnreadableRow } from './row.js';

/** The one route that a line may name. */
export const REQUEST_URL = '/v1/predictions';

export interface RequestLine {
  readonly customId: string;
  /** What the body says is the model: any reference that a prediction takes. */
  readonly model: string;
  readonly input: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

/** A line as a row of a batch; the model that it names has been looked at before. */
export class RequestShape implements RowShape {
  toRow(value: unknown): RawRow {
    const line = readRequest(value);
    return 'error' in line ? line : { customId: line.customId, input: line.input, error: null };
  }
}

/** @returns the request, or a row that says what is wrong with it */
export function readRequest(value: unknown): RequestLine | UnreadableRow {
  if (!isFields(value)) return unreadable('invalid_request', 'must be an object');
  const { custom_id: customId, method, url, body } = value;
  if (customId === undefined || customId === null) return unreadable('missing_custom_id', 'is required', '/custom_id');
  const problem = customIdProblem(customId);
  if (problem !== null) return unreadable('invalid_custom_id', problem, '/custom_id');
  if (method !== 'POST') return unreadable('invalid_method', 'must be "POST"', '/method');
  if (url !== REQUEST_URL) return unreadable('invalid_url', `must be "${REQUEST_URL}"`, '/url');
  if (!isFields(body)) return unreadable('invalid_body', 'must be an object', '/body');
  const { model, version, input, ...others } = body;
  const reference = model ?? version;
  if (typeof reference !== 'string') return unreadable('invalid_model', 'must name a model', '/body/model');
  const [other] = Object.keys(others);
  if (other !== undefined) return unreadable('unknown_field', 'cannot be given in a batch', `/body/${other}`);
  return { customId: customId as string, model: reference, input };
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
