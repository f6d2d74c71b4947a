/**
 * `manifest.json`: everything about a model version that is not in its graph, and the schema that it is held to.
 */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { Feature, OutputSpec, TensorSpec, TensorType } from '#domain/model-version';
import { integerRangeOf, withinTensor } from './integer-range.js';
import { MANIFEST_SCHEMA } from './manifest-schema.js';

export interface Manifest {
  /** Version of the manifest format; readers refuse a higher one. */
  readonly manifest_version: 1;
  readonly name: string;
  /** The label, a SemVer version. */
  readonly version: string;
  readonly title: string;
  readonly description: string;
  readonly task: OutputSpec['task'];
  readonly owner: string;
  readonly license: string;
  /** RFC 3339, UTC. */
  readonly created_at: string;
  readonly training: {
    readonly script: string;
    readonly commit: string;
    readonly python: string;
    readonly data: {
      readonly name: string;
      readonly sha256: string;
      readonly rows: number;
      readonly license: string;
      readonly source?: string;
    };
    readonly libraries: Readonly<Record<string, string>>;
  };
  readonly evaluation: Readonly<Record<string, number>>;
  readonly files: readonly { readonly path: string; readonly sha256: string; readonly size_bytes: number }[];
  /** The graph's own inputs and outputs; checked against the graph when a worker loads it. */
  readonly graph: {
    readonly path: string;
    readonly inputs: readonly TensorSpec[];
    readonly outputs: readonly TensorSpec[];
  };
  readonly inputs: readonly Feature[];
  readonly outputs: OutputSpec;
  readonly batching: { readonly max_batch_size: number };
  /** The longest that one prediction may run, in milliseconds. */
  readonly timeout_ms: number;
  readonly monitoring: {
    readonly features: readonly string[];
    readonly thresholds: Readonly<Record<string, number>>;
  };
}

const ajv = new Ajv2020({ allErrors: false, strict: true, strictRequired: false, allowUnionTypes: true });
formats.default(ajv);
const matchesSchema = ajv.compile<Manifest>(MANIFEST_SCHEMA);

/** A manifest that breaks a rule; `rule` is one sentence that names the place and the rule. */
export class ManifestError extends Error {
  constructor(readonly rule: string) {
    super(rule);
    this.name = 'ManifestError';
  }
}

/**
 * Reads a manifest from the text of the file. Whole numbers without bounds get those of their tensor.
 * @throws ManifestError when it is not JSON, breaks the schema, or contradicts itself
 */
export function parseManifest(text: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ManifestError('is not JSON');
  }
  if (!matchesSchema(value)) throw new ManifestError(inWords(matchesSchema.errors?.[0]));
  const contradiction = findContradiction(value);
  if (contradiction !== null) throw new ManifestError(contradiction);
  const inputs = value.inputs.map((feature) => withinTensor(feature, datatypeOf(value.graph.inputs, feature.tensor)));
  return { ...value, inputs };
}

function inWords(error: ErrorObject | undefined): string {
  if (error === undefined) return 'does not match the schema';
  const where = error.instancePath === '' ? '/' : error.instancePath;
  const { keyword, params } = error;
  switch (keyword) {
    case 'enum':
      return `${where} must be one of ${(params['allowedValues'] as unknown[]).join(', ')}`;
    case 'const':
      return `${where} must be ${String(params['allowedValue'])}`;
    case 'additionalProperties':
      return `${where} must not have the field ${String(params['additionalProperty'])}`;
    default:
      return `${where} ${error.message ?? 'does not match the schema'}`;
  }
}

/** What a schema cannot say: names that must agree with one another. */
function findContradiction(manifest: Manifest): string | null {
  const { graph, inputs, outputs } = manifest;
  if (outputs.task !== manifest.task) return `/outputs/task must be ${manifest.task}, as /task says`;
  const listed = new Set(manifest.files.map((file) => file.path));
  if (!listed.has(graph.path)) return `/graph/path names ${graph.path}, which /files does not list`;
  if (new Set(inputs.map((feature) => feature.name)).size !== inputs.length) return '/inputs names a feature twice';
  const graphInputs = new Set(graph.inputs.map((spec) => spec.name));
  for (const [index, feature] of inputs.entries()) {
    if (!graphInputs.has(feature.tensor)) {
      return `/inputs/${index}/tensor names ${feature.tensor}, which /graph/inputs does not list`;
    }
    const datatype = datatypeOf(graph.inputs, feature.tensor);
    const misfit = findMisfit(feature, datatype) ?? findWrongBound(feature, datatype);
    if (misfit !== null) return `/inputs/${index}/${misfit}`;
  }
  for (const spec of graph.inputs) {
    if (!inputs.some((feature) => feature.tensor === spec.name)) return `no feature fills the graph's input ${spec.name}`;
  }
  const graphOutputs = new Set(graph.outputs.map((spec) => spec.name));
  const named = outputs.task === 'tensor' ? outputs.tensors.map((output) => output.name) : [outputs.tensor];
  for (const name of named) {
    if (!graphOutputs.has(name)) return `/outputs names ${name}, which /graph/outputs does not list`;
  }
  return findWrongOutput(manifest);
}

function datatypeOf(specs: readonly TensorSpec[], name: string): TensorType | undefined {
  return specs.find((spec) => spec.name === name)?.datatype;
}

/** Labels and values are read by their place: a tensor of another size or kind has no answer at all. */
function findWrongOutput({ graph, outputs }: Manifest): string | null {
  if (outputs.task === 'tensor') return null;
  const { tensor } = outputs;
  const spec = graph.outputs.find(({ name }) => name === tensor);
  if (spec?.datatype !== 'float32' && spec?.datatype !== 'float64') {
    return `/outputs/tensor names ${tensor}, which must be of float32 or float64`;
  }
  const [, ...sizes] = spec.shape;
  const has = sizes.reduce((product, size) => product * size, 1);
  const needs = outputs.task === 'classification' ? outputs.labels.length : 1;
  if (sizes.includes(-1) || has === needs) return null;
  return outputs.task === 'classification'
    ? `/outputs/labels has ${needs} labels, but ${tensor} has ${has} numbers per row`
    : `/outputs/tensor names ${tensor}, which has ${has} numbers per row instead of one`;
}

function findWrongBound({ minimum, maximum, missing }: Feature, datatype: TensorType | undefined): string | null {
  if (minimum !== undefined && maximum !== undefined && minimum > maximum) return 'minimum must not be above maximum';
  const range = integerRangeOf(datatype);
  if (range === null) return null;
  const [least, most] = range;
  const bounds = Object.entries({ minimum, maximum, 'missing/value': missing?.value });
  for (const [name, value] of bounds) {
    if (typeof value === 'number' && !(Number.isInteger(value) && value >= least && value <= most)) {
      return `${name} is ${value}, which a tensor of ${datatype ?? 'nothing'} cannot hold`;
    }
  }
  return null;
}

/** A value of another kind would become NaN, 0 or a part of itself in the tensor, and nobody would see it. */
function findMisfit(feature: Feature, datatype: TensorType | undefined): string | null {
  const isText = feature.type === 'category' || feature.type === 'string';
  const isCut = feature.type === 'number' && integerRangeOf(datatype) !== null;
  if (isText !== (datatype === 'string') || isCut) {
    return `type is ${feature.type}, which does not fit ${feature.tensor}, a tensor of ${datatype ?? 'nothing'}`;
  }
  const { missing } = feature;
  if (missing === undefined) return null;
  if (missing.policy === 'nan') {
    return datatype === 'float32' || datatype === 'float64'
      ? null
      : `missing/policy must not be nan, which a tensor of ${datatype ?? 'nothing'} cannot hold`;
  }
  if (missing.value === undefined) return 'missing/value is needed by the policy constant';
  return isText === (typeof missing.value === 'string') ? null : `missing/value does not fit the type ${feature.type}`;
}
