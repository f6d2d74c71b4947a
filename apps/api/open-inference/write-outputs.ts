/** Answers of rows into tensors: those that were asked for, in that order; all of them unless some were. */
import { problem, ProblemError } from '#contract/problem';
import type { Output } from '#domain/model-version';
import type { Manifest } from '#models/manifest';
import type { Datatype } from './datatypes.js';
import type { InferRequest } from './infer-request.js';
import { wrongTensors } from './infer-request.js';
import { PREDICTION_ID, type TensorMetadata, type VersionTensors } from './version-tensors.js';

export interface ResponseOutput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: Datatype;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly data: readonly unknown[];
}

/** A row that has ended well. */
export interface Answered {
  readonly id: string;
  readonly output: Output;
}

/** @throws ProblemError 422 for an output that the model does not have */
export function wantedOutputs(
  { outputs, manifest }: VersionTensors,
  wanted: InferRequest['outputs'],
): readonly TensorMetadata[] {
  if (wanted === undefined || wanted.length === 0) return outputs;
  return wanted.map(({ name }, index) => {
    const found = outputs.find((tensor) => tensor.name === name);
    if (found !== undefined) return found;
    const names = outputs.map((tensor) => tensor.name).join(', ');
    const detail = `${name} is not an output of ${manifest.name}; its outputs are ${names}`;
    throw wrongTensors([{ pointer: `/outputs/${index}/name`, code: 'unknown_output', detail }]);
  });
}

/** What is known of rows that may not have ended. */
export function idTensor(ids: readonly string[]): ResponseOutput {
  return { name: PREDICTION_ID, shape: [ids.length, 1], datatype: 'BYTES', data: ids };
}

export function toTensor(tensor: TensorMetadata, manifest: Manifest, rows: readonly Answered[]): ResponseOutput {
  const { name, datatype } = tensor;
  if (name === PREDICTION_ID) return idTensor(rows.map(({ id }) => id));
  const { outputs } = manifest;
  if (outputs.task === 'tensor') return anyTensor(tensor, rows);
  const data: unknown[] = [];
  for (const { output } of rows) {
    const value = (output as Readonly<Record<string, unknown>>)[name];
    if (outputs.task === 'classification' && name === 'probabilities') {
      for (const label of outputs.labels) data.push((value as Readonly<Record<string, number>>)[label]);
    } else data.push(value);
  }
  const labels = outputs.task === 'classification' && name === 'probabilities' ? outputs.labels : null;
  return {
    name,
    shape: [rows.length, data.length / rows.length],
    datatype,
    // Their order; a parameter cannot be a list.
    ...(labels === null ? {} : { parameters: { labels: JSON.stringify(labels) } }),
    data,
  };
}

/** The graph may leave dimensions open: the rows say what they are, and must agree. */
function anyTensor({ name, datatype }: TensorMetadata, rows: readonly Answered[]): ResponseOutput {
  const values = rows.map(({ output }) => (output as Readonly<Record<string, unknown>>)[name]);
  const shape = shapeOf(values[0]);
  const differs = values.some((value) => shapeOf(value).join() !== shape.join());
  if (differs) {
    const detail = `The shapes of ${name} differ between rows and do not fit one tensor: send the rows one by one.`;
    throw new ProblemError(problem(422, 'ragged_output', detail));
  }
  return { name, datatype, shape: [rows.length, ...shape], data: values.flatMap(elementsOf) };
}

function shapeOf(value: unknown): number[] {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [];
}

function elementsOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value.flat(Infinity) : [value];
}
