/** The rows of a batch's body as they are read, before any model has seen them. */
import { findHalfCharacter, MALFORMED_TEXT, mayNameHalfCharacter } from '#contract/whole-text';
import type { FieldProblem } from '#domain/field-problem';

export interface RawRow {
  /** The client's own name for the row. */
  readonly customId: string | null;
  /** To be validated; meaningless where there is an error. */
  readonly input: unknown;
  /** Why the row cannot be read, or null. */
  readonly error: FieldProblem | null;
}

/** Turns the body's bytes into rows, as they come; nothing but the unfinished row is kept. */
export interface RowReader {
  /**
   * @returns the rows that these bytes complete
   * @throws BodyError where the body as a whole cannot be read
   */
  push(chunk: Uint8Array): RawRow[];
  /** The body has ended. */
  end(): RawRow[];
}

/** The body as a whole cannot be read: no row of it counts. */
export class BodyError extends Error {
  constructor(
    readonly code: 'invalid_body' | 'invalid_header' | 'body_too_large' | 'invalid_compression',
    message: string,
  ) {
    super(message);
    this.name = 'BodyError';
  }
}

type Fields = Record<string, unknown>;

/** Characters of the longest row. */
export const LONGEST_ROW = 1_048_576;
const LONGEST_CUSTOM_ID = 128;
/** Characters of an invalid custom_id that a message quotes. */
const MOST_SHOWN = 60;

export type UnreadableRow = RawRow & { readonly error: FieldProblem };

export function unreadable(code: string, detail: string, pointer = '', customId: string | null = null): UnreadableRow {
  return { customId, input: null, error: { pointer, code, detail } };
}

export const TOO_LONG = unreadable('row_too_long', `is longer than ${LONGEST_ROW} characters`);

/** What a row is made of, once it has been read as JSON. */
export interface RowShape {
  toRow(value: unknown): RawRow;
}

/**
 * What a row of JSON says: `{"custom_id"?, "input": {...}}`, or the fields themselves with `custom_id` among them. The
 * first form is meant wherever `input` is an object, unless the model has a feature of that name.
 */
export class PlainShape implements RowShape {
  readonly #hasInputFeature: boolean;

  constructor(features: readonly string[]) {
    this.#hasInputFeature = features.includes('input');
  }

  toRow(value: unknown): RawRow {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return unreadable('wrong_type', 'must be an object');
    }
    // Most rows have none, and are taken as they are.
    if (!('custom_id' in value)) return { customId: null, input: this.#inputOf(value as Fields), error: null };
    const { custom_id: customId = null, ...fields } = value as Fields;
    const problem = customIdProblem(customId);
    if (problem !== null) return unreadable('invalid_custom_id', problem, '/custom_id');
    return { customId: customId as string | null, input: this.#inputOf(fields), error: null };
  }

  #inputOf(fields: Fields): unknown {
    const { input } = fields;
    if (this.#hasInputFeature || typeof input !== 'object' || input === null) return fields;
    // Beside `input` nothing else is expected: with it, the validator names what is too much.
    return Object.keys(fields).length === 1 ? input : fields;
  }
}

/** @param text that is a row in JSON, or should be */
export function parseRow(text: string, shape: RowShape): RawRow {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return unreadable('invalid_json', 'is not valid JSON');
  }
  const row = shape.toRow(value);
  return mayNameHalfCharacter(text) ? requireWhole(row) : row;
}

/** @returns the row, or what is wrong with it where a text of it has half of a character */
export function requireWhole(row: RawRow): RawRow {
  const { customId, input, error } = row;
  if (error !== null) return row;
  const { code, detail } = MALFORMED_TEXT;
  if (findHalfCharacter(customId) !== null) return unreadable(code, detail, '/custom_id');
  const pointer = findHalfCharacter(input);
  return pointer === null ? row : unreadable(code, detail, pointer, customId);
}

/** @returns what is wrong with it, or null */
export function customIdProblem(value: unknown): string | null {
  if (value === null) return null;
  if (typeof value !== 'string') return `is ${shown(value)}: must be a string`;
  if (value.length >= 1 && value.length <= LONGEST_CUSTOM_ID) return null;
  return `is ${shown(value)}: must be 1 to ${LONGEST_CUSTOM_ID} characters`;
}

/** The row goes without its name: what is said of it is how its sender finds it. */
function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= MOST_SHOWN ? text : `${text.slice(0, MOST_SHOWN)}...`;
}

/** Text out of bytes that may end in the middle of a character. */
export class Utf8 {
  // A byte-order mark at the start is dropped.
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });

  /** @throws BodyError for bytes that are no UTF-8 */
  decode(chunk?: Uint8Array): string {
    try {
      return chunk === undefined ? this.#decoder.decode() : this.#decoder.decode(chunk, { stream: true });
    } catch {
      throw new BodyError('invalid_body', 'The body is not valid UTF-8.');
    }
  }
}
