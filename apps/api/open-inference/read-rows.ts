/** Tensors into rows: each row of a request is the input of one prediction, and an error of a row names its element. */
import type { FieldProblem } from '#domain/field-problem';
import { unescapePointerPart } from '#domain/json-pointer';
import type { Input } from '#domain/model-version';
import type { InputProblem } from '#models/input-validator';
import { elementProblem, fits, valueOf } from './datatypes.js';
import { type RequestInput, wrongTensors } from './infer-request.js';
import type { Column, InputTensor, VersionTensors } from './version-tensors.js';

/** Rows of one request: as many as run together at most; more of them are a batch. */
export const MOST_ROWS = 1_024;

/** One tensor of the request. */
interface Sent {
  readonly index: number;
  readonly tensor: InputTensor;
  readonly shape: readonly number[];
  readonly rows: number;
  readonly isNested: boolean;
  readonly elements: readonly unknown[];
}

interface Source {
  readonly sent: Sent;
  readonly column: Column;
}

export class Rows {
  readonly inputs: readonly Input[];
  readonly #sources: ReadonlyMap<string, Source>;

  /** @throws ProblemError 422 */
  constructor(tensors: VersionTensors, request: readonly RequestInput[]) {
    const sent = request.map((input, index) => readTensor(tensors, input, index));
    const rows = countRows(sent);
    this.#sources = sourcesOf(sent);
    const sources = [...this.#sources.values()];
    this.inputs = Array.from({ length: rows }, (_, row) =>
      Object.fromEntries(sources.map((source) => [source.column.feature.name, featureValue(source, row)])),
    );
  }

  /** An error of a row's input, by the element of the request that it is about. */
  locate(row: number, { pointer, code, detail }: InputProblem): FieldProblem {
    const [name = '', ...within] = pointer.split('/').slice(1).map(unescapePointerPart);
    const source = this.#sources.get(name);
    if (source === undefined) return { pointer: '/inputs', code, detail: `${name} ${detail}` };
    const at = elementAt(source, row, within.map(Number));
    return { pointer: pointerTo(source.sent, at), code, detail: `${name} of row ${row} ${detail}` };
  }
}

function readTensor(tensors: VersionTensors, input: RequestInput, index: number): Sent {
  const { name, shape, datatype, data } = input;
  const refuse = (part: string, code: string, detail: string): Error =>
    wrongTensors([{ pointer: `/inputs/${index}/${part}`, code, detail: `${name} ${detail}` }]);
  const tensor = tensors.input(name);
  if (tensor === undefined) {
    throw refuse(
      'name',
      'unknown_input',
      `is not an input of this model; its inputs are ${tensors.inputNames.join(', ')}`,
    );
  }
  const misfit = tensor.columns.find(({ feature }) => !fits(datatype, feature.type));
  if (misfit !== undefined) throw refuse('datatype', 'wrong_datatype', `must be ${tensor.datatype}, not ${datatype}`);
  const [rows = 0, ...rest] = shape;
  const width = rest.reduce((product, dimension) => product * dimension, 1);
  if (width !== tensor.width) {
    throw refuse('shape', 'wrong_shape', `must have the shape [${tensor.shape.join(', ')}], with any number of rows`);
  }
  const elements = flatten(data, shape);
  if (elements === null)
    throw refuse('data', 'wrong_length', `must have the elements of its shape [${shape.join(', ')}]`);
  const sent: Sent = { index, tensor, shape, rows, isNested: Array.isArray(data[0]), elements };
  const wrong = elements.flatMap((element, at) => {
    const detail = elementProblem(datatype, element);
    return detail === null ? [] : [{ pointer: pointerTo(sent, at), code: 'wrong_type', detail: `${name} ${detail}` }];
  });
  if (wrong.length > 0) throw wrongTensors(wrong);
  return sent;
}

function countRows(sent: readonly Sent[]): number {
  const rows = sent[0]?.rows ?? 0;
  const refuse = (index: number, code: string, detail: string): Error =>
    wrongTensors([{ pointer: `/inputs/${index}/shape`, code, detail }]);
  const other = sent.find((one) => one.rows !== rows);
  if (other !== undefined) {
    throw refuse(other.index, 'wrong_shape', `${other.tensor.name} has ${other.rows} rows, but others have ${rows}`);
  }
  if (rows === 0) throw refuse(0, 'no_rows', 'there are no rows');
  if (rows > MOST_ROWS) {
    throw refuse(
      0,
      'too_many_rows',
      `there are ${rows} rows; at most ${MOST_ROWS} are allowed here: send more as a batch`,
    );
  }
  return rows;
}

function sourcesOf(sent: readonly Sent[]): Map<string, Source> {
  const sources = new Map<string, Source>();
  for (const one of sent) {
    for (const column of one.tensor.columns) {
      const { name } = column.feature;
      if (sources.has(name)) {
        const pointer = `/inputs/${one.index}/name`;
        throw wrongTensors([{ pointer, code: 'duplicate_input', detail: `${name} is given twice` }]);
      }
      sources.set(name, { sent: one, column });
    }
  }
  return sources;
}

/** @returns null where the data have another shape, or another number of elements */
function flatten(data: readonly unknown[], shape: readonly number[]): readonly unknown[] | null {
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  if (!Array.isArray(data[0])) return data.length === size ? data : null;
  let level: readonly unknown[] = [data];
  for (const dimension of shape) {
    const next: unknown[] = [];
    for (const part of level) {
      if (!Array.isArray(part) || part.length !== dimension) return null;
      for (const one of part as unknown[]) next.push(one);
    }
    level = next;
  }
  return level;
}

function featureValue({ sent, column }: Source, row: number): unknown {
  const { feature, offset, size } = column;
  const at = row * sent.tensor.width + offset;
  if (feature.shape === undefined) return valueOf(feature.type, sent.elements[at]);
  const values = sent.elements.slice(at, at + size).map((element) => valueOf(feature.type, element));
  return nest(values, feature.shape);
}

function nest(values: readonly unknown[], [length = 0, ...inner]: readonly number[]): unknown {
  if (inner.length === 0) return values;
  const size = values.length / length;
  return Array.from({ length }, (_, i) => nest(values.slice(i * size, (i + 1) * size), inner));
}

/** @param within indices in the feature's own shape */
function elementAt({ sent, column }: Source, row: number, within: readonly number[]): number {
  const { shape = [] } = column.feature;
  const inner = within.reduce((at, index, depth) => at * (shape[depth] ?? 1) + index, 0);
  return row * sent.tensor.width + column.offset + inner;
}

function pointerTo({ index, shape, isNested }: Sent, element: number): string {
  if (!isNested) return `/inputs/${index}/data/${element}`;
  const indices: number[] = [];
  let rest = element;
  for (const dimension of [...shape].reverse()) {
    indices.unshift(rest % dimension);
    rest = Math.floor(rest / dimension);
  }
  return `/inputs/${index}/data/${indices.join('/')}`;
}
