/**
 * The inputs of a batch as text, from the API to the executor: whoever only passes them on does not read them.
 *
 * A row is a JSON array of its values in the order of its version's inputs, `[5.1,3.5,1.4,0.2]`: a quarter of the object
 * with its names. An input that does not have exactly these is written as the object it is; a row that was not valid is
 * `null`. JSON has no raw line ends inside a value, so rows can be told apart without being read.
 */
import type { Input } from '#domain/model-version';

/** One input as JSON: the object, or its values in the order of its version's inputs. */
export type InputText = string;

/** The same when it has been read. */
export type PackedInput = Input | readonly unknown[];

const ROW_BREAK = ',\n';
const NO_INPUT = 'null';

/** @param fields names of the version's inputs, in their order */
export function packInput(input: Input, fields: readonly string[]): InputText {
  const values: unknown[] = [];
  for (const field of fields) {
    const value = input[field];
    if (value === undefined) return JSON.stringify(input);
    values.push(value);
  }
  return JSON.stringify(Object.keys(input).length === values.length ? values : input);
}

export function unpackInput(text: InputText, fields: readonly string[]): Input {
  const packed = JSON.parse(text) as PackedInput;
  if (!isPacked(packed)) return packed;
  return Object.fromEntries(fields.map((field, i) => [field, packed[i]]));
}

export function isPacked(input: PackedInput): input is readonly unknown[] {
  return Array.isArray(input);
}

export function joinInputs(texts: readonly (InputText | null)[]): string {
  return texts.map((text) => text ?? NO_INPUT).join(ROW_BREAK);
}

/** @returns one a row; null for a row that was not valid */
export function splitInputs(joined: string): (InputText | null)[] {
  return joined.split(ROW_BREAK).map((text) => (text === NO_INPUT ? null : text));
}
