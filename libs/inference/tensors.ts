/**
 * Inputs into tensors and tensors into answers; both by a plan that is made once a version.
 */
import { Tensor } from 'onnxruntime-node';
import type { RowResult } from '#contract/executor-protocol';
import { isPacked, type PackedInput } from '#contract/input-text';
import type { Feature, Output, OutputSpec, TensorSpec } from '#domain/model-version';
import type { Manifest } from '#models/manifest';
import { shortestFloat32 } from './float32.js';

type Element = number | bigint | string;
type ElementBuffer = { [index: number]: Element; readonly length: number };

interface Column {
  readonly feature: Feature;
  /** Its place among the manifest's inputs, and so among the values of a packed input. */
  readonly place: number;
  /** Where the feature begins in its tensor's row. */
  readonly offset: number;
  /** How many elements it fills. */
  readonly size: number;
}

interface TensorPlan {
  readonly spec: TensorSpec;
  /** Elements a row. */
  readonly width: number;
  readonly columns: readonly Column[];
}

/** The manifest's features do not fill the graph's inputs; the message names the input and both sizes. */
export class TensorPlanError extends Error {}

/** Turns rows into the graph's input tensors; each tensor has shape `[rows, ...spec.shape[1..]]`. */
export class TensorBuilder {
  readonly #plans: readonly TensorPlan[];

  /** @throws TensorPlanError when features and graph inputs disagree in size */
  constructor(manifest: Manifest) {
    this.#plans = manifest.graph.inputs.map((spec) => planTensor(spec, manifest.inputs));
  }

  /** @param rows validated inputs, at least one */
  build(rows: readonly PackedInput[]): Record<string, Tensor> {
    const feeds: Record<string, Tensor> = {};
    for (const plan of this.#plans) feeds[plan.spec.name] = buildTensor(plan, rows);
    return feeds;
  }
}

function planTensor(spec: TensorSpec, features: readonly Feature[]): TensorPlan {
  const columns: Column[] = [];
  let offset = 0;
  for (const [place, feature] of features.entries()) {
    if (feature.tensor !== spec.name) continue;
    const size = (feature.shape ?? []).reduce((product, dimension) => product * dimension, 1);
    columns.push({ feature, place, offset, size });
    offset += size;
  }
  const width = rowSize(spec);
  if (width !== offset) {
    throw new TensorPlanError(
      `/inputs fill ${offset} elements of the graph's input ${spec.name}, which takes ${width}`,
    );
  }
  return { spec, width, columns };
}

function rowSize(spec: TensorSpec): number {
  return spec.shape.slice(1).reduce((product, dimension) => product * dimension, 1);
}

function buildTensor(plan: TensorPlan, rows: readonly PackedInput[]): Tensor {
  const { spec, width, columns } = plan;
  const elements = allocate(spec, rows.length * width);
  const isBig = spec.datatype === 'int64' || spec.datatype === 'uint64';
  for (let row = 0; row < rows.length; row += 1) {
    const input = rows[row] ?? [];
    for (const { feature, place, offset } of columns) {
      const value = isPacked(input) ? input[place] : input[feature.name];
      write(elements, row * width + offset, value ?? null, feature, isBig);
    }
  }
  return new Tensor(spec.datatype, elements as never, [rows.length, ...spec.shape.slice(1)]);
}

/** Writes a scalar, or a nested list row by row; returns where the next element goes. */
function write(target: ElementBuffer, at: number, value: unknown, feature: Feature, isBig: boolean): number {
  if (Array.isArray(value)) {
    let next = at;
    for (const item of value) next = write(target, next, item, feature, isBig);
    return next;
  }
  target[at] = element(value, feature, isBig);
  return at + 1;
}

function element(value: unknown, feature: Feature, isBig: boolean): Element {
  if (value === null) return missing(feature, isBig);
  if (typeof value === 'string') return value;
  const number = typeof value === 'boolean' ? Number(value) : (value as number);
  return isBig ? BigInt(number) : number;
}

function missing(feature: Feature, isBig: boolean): Element {
  if (feature.missing?.policy !== 'constant') return Number.NaN;
  return element(feature.missing.value ?? 0, feature, isBig);
}

function allocate(spec: TensorSpec, length: number): ElementBuffer {
  switch (spec.datatype) {
    case 'float32':
      return new Float32Array(length);
    case 'float64':
      return new Float64Array(length);
    case 'int8':
      return new Int8Array(length);
    case 'int16':
      return new Int16Array(length);
    case 'int32':
      return new Int32Array(length);
    case 'int64':
      return new BigInt64Array(length);
    case 'uint8':
    case 'bool':
      return new Uint8Array(length);
    case 'uint16':
      return new Uint16Array(length);
    case 'uint32':
      return new Uint32Array(length);
    case 'uint64':
      return new BigUint64Array(length);
    case 'string':
      return new Array<string>(length).fill('');
  }
}

/**
 * Reads one answer a row out of the graph's outputs.
 * @param rows how many predictions the tensors hold
 */
export function readAnswers(outputs: OutputSpec, results: Readonly<Record<string, Tensor>>, rows: number): RowResult[] {
  const read = rowReader(outputs, results, rows);
  return Array.from({ length: rows }, (_, row) => read(row));
}

function rowReader(
  outputs: OutputSpec,
  results: Readonly<Record<string, Tensor>>,
  rows: number,
): (row: number) => RowResult {
  switch (outputs.task) {
    case 'classification': {
      const probabilities = numbersOf(results, outputs.tensor, rows, outputs.labels.length);
      return probabilities === null
        ? () => invalid(`The model's output ${outputs.tensor} does not have one number per label.`)
        : (row) => classify(outputs.labels, probabilities, row * outputs.labels.length);
    }
    case 'regression': {
      const values = numbersOf(results, outputs.tensor, rows, 1);
      return (row) => {
        const value = values?.[row];
        if (value === undefined)
          return invalid(`The model's output ${outputs.tensor} does not have one number per row.`);
        return Number.isFinite(value) ? answer({ value: shortestFloat32(value) }) : notFinite(outputs.tensor);
      };
    }
    case 'tensor': {
      const names = outputs.tensors.map((tensor) => tensor.name);
      return (row) => readTensors(names, results, rows, row);
    }
  }
}

function classify(labels: readonly string[], numbers: ArrayLike<number>, at: number): RowResult {
  const probabilities: Record<string, number> = {};
  let best = 0;
  for (let i = 0; i < labels.length; i += 1) {
    const p = numbers[at + i] ?? Number.NaN;
    if (!Number.isFinite(p)) return notFinite(labels[i] ?? 'a label');
    if (p > (numbers[at + best] ?? 0)) best = i;
    probabilities[labels[i] ?? ''] = shortestFloat32(p);
  }
  const label = labels[best] ?? '';
  return answer({ label, score: probabilities[label] ?? 0, probabilities });
}

function readTensors(
  names: readonly string[],
  results: Readonly<Record<string, Tensor>>,
  rows: number,
  row: number,
): RowResult {
  const output: Record<string, unknown> = {};
  for (const name of names) {
    const tensor = results[name];
    if (tensor?.dims[0] !== rows) return invalid(`The model's output ${name} does not have one part per row.`);
    const values = rowValues(tensor, rows, row);
    if (values.some((value) => typeof value === 'number' && !Number.isFinite(value))) return notFinite(name);
    output[name] = nest(values, tensor.dims.slice(1));
  }
  return answer(output);
}

function rowValues(tensor: Tensor, rows: number, row: number): (number | string | boolean)[] {
  const data = tensor.data as ArrayLike<Element>;
  const size = data.length / rows;
  return Array.from({ length: size }, (_, i) => plain(data[row * size + i], tensor.type));
}

/** An element as JSON can say it: 64-bit integers as numbers, float32 in its shortest form. */
function plain(value: Element | undefined, type: string): number | string | boolean {
  if (typeof value === 'string') return value;
  if (type === 'bool') return Boolean(value);
  const number = Number(value);
  return type === 'float32' && Number.isFinite(number) ? shortestFloat32(number) : number;
}

function nest(values: readonly unknown[], shape: readonly number[]): unknown {
  if (shape.length === 0) return values[0];
  const [length = 0, ...inner] = shape;
  const size = length === 0 ? 0 : values.length / length;
  return Array.from({ length }, (_, i) => nest(values.slice(i * size, (i + 1) * size), inner));
}

function numbersOf(
  results: Readonly<Record<string, Tensor>>,
  name: string,
  rows: number,
  width: number,
): ArrayLike<number> | null {
  const data = results[name]?.data;
  return data instanceof Float32Array || data instanceof Float64Array
    ? data.length === rows * width
      ? data
      : null
    : null;
}

function answer(output: Output): RowResult {
  return { output };
}

function invalid(message: string): RowResult {
  return { failure: { code: 'invalid_output', message } };
}

function notFinite(name: string): RowResult {
  return invalid(`The model answered a number that is not finite for ${name}.`);
}
