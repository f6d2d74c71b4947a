/**
 * `manifest.json`: everything about a model version that is not in its graph, and the schema that it is held to.
 */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { Feature, OutputSpec, TensorSpec, TensorType } from '#domain/model-version';
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
 * Reads a manifest from the text of the file.
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
  return value;
}

function inWords(error: ErrorObject | undefined): string {
  if (error === undefined) return 'does not match the schema';
  const where = error.instancePath === '' ? '/' : error.instancePath;
  const extra = error.keyword === 'additionalProperties' ? ` (${String(error.params['additionalProperty'])})` : '';
  return `${where} ${error.message ?? 'does not match the schema'}${extra}`;
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
    const misfit = findMisfit(feature, graph.inputs.find((spec) => spec.name === feature.tensor)?.datatype);
    if (misfit !== null) return `/inputs/${index}/${misfit}`;
    if (feature.minimum !== undefined && feature.maximum !== undefined && feature.minimum > feature.maximum) {
      return `/inputs/${index}/minimum must not be above maximum`;
    }
  }
  for (const spec of graph.inputs) {
    if (!inputs.some((feature) => feature.tensor === spec.name)) return `no feature fills the graph's input ${spec.name}`;
  }
  const graphOutputs = new Set(graph.outputs.map((spec) => spec.name));
  const named = outputs.task === 'tensor' ? outputs.tensors.map((output) => output.name) : [outputs.tensor];
  for (const name of named) {
    if (!graphOutputs.has(name)) return `/outputs names ${name}, which /graph/outputs does not list`;
  }
  return null;
}

/** A value of another kind would become NaN or 0 in the tensor, and nobody would see it. */
function findMisfit(feature: Feature, datatype: TensorType | undefined): string | null {
  const isText = feature.type === 'category' || feature.type === 'string';
  if (isText !== (datatype === 'string')) {
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
