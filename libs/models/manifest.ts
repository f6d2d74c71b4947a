/**
 * `manifest.json`: everything about a model version that is not in its graph, and the schema that it is held to.
 */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { Feature, OutputSpec, TensorSpec, TensorType } from '#domain/model-version';

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

const sha256 = { type: 'string', pattern: '^[0-9a-f]{64}$' } as const;
const text = { type: 'string', minLength: 1 } as const;
const NAME = '^[a-z][a-z0-9-]{0,62}$';
/** SemVer 2.0 without build metadata: no leading zeros, so that no two labels mean the same. */
const NUMBER = '(?:0|[1-9]\\d*)';
const WORD = `(?:${NUMBER}|\\d*[A-Za-z-][0-9A-Za-z-]*)`;
const LABEL = `^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-${WORD}(?:\\.${WORD})*)?$`;
/** A plain file name or a relative path below the version's folder: no `..`, no absolute path, no backslash. */
const FILE_PATH = '^(?!.*(?:^|/)\\.\\.?(?:/|$))[A-Za-z0-9_][A-Za-z0-9._/-]{0,200}$';

const tensor = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'datatype', 'shape'],
  properties: {
    name: text,
    datatype: {
      enum: [
        'float32',
        'float64',
        'int8',
        'int16',
        'int32',
        'int64',
        'uint8',
        'uint16',
        'uint32',
        'uint64',
        'bool',
        'string',
      ],
    },
    shape: { type: 'array', minItems: 1, maxItems: 8, items: { type: 'integer', minimum: -1 } },
  },
} as const;

/** The schema of `manifest.json`, published as `docs/manifest.schema.json`. */
export const MANIFEST_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'https://millrace.dev/schemas/manifest-1.json',
  title: 'Millrace model manifest',
  type: 'object',
  additionalProperties: false,
  required: [
    'manifest_version',
    'name',
    'version',
    'title',
    'description',
    'task',
    'owner',
    'license',
    'created_at',
    'training',
    'evaluation',
    'files',
    'graph',
    'inputs',
    'outputs',
    'batching',
    'timeout_ms',
    'monitoring',
  ],
  properties: {
    manifest_version: { const: 1 },
    name: { type: 'string', pattern: NAME },
    version: { type: 'string', pattern: LABEL },
    title: text,
    description: text,
    task: { enum: ['classification', 'regression', 'tensor'] },
    owner: text,
    license: text,
    created_at: { type: 'string', format: 'date-time' },
    training: {
      type: 'object',
      additionalProperties: false,
      required: ['script', 'commit', 'python', 'data', 'libraries'],
      properties: {
        script: text,
        commit: text,
        python: text,
        data: {
          type: 'object',
          additionalProperties: false,
          required: ['name', 'sha256', 'rows', 'license'],
          properties: {
            name: text,
            sha256,
            rows: { type: 'integer', minimum: 0 },
            license: text,
            source: text,
          },
        },
        libraries: { type: 'object', additionalProperties: { type: 'string' } },
      },
    },
    evaluation: { type: 'object', additionalProperties: { type: 'number' } },
    files: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['path', 'sha256', 'size_bytes'],
        properties: {
          path: { type: 'string', pattern: FILE_PATH },
          sha256,
          size_bytes: { type: 'integer', minimum: 1 },
        },
      },
    },
    graph: {
      type: 'object',
      additionalProperties: false,
      required: ['path', 'inputs', 'outputs'],
      properties: {
        path: { type: 'string', pattern: FILE_PATH },
        inputs: { type: 'array', minItems: 1, items: tensor },
        outputs: { type: 'array', minItems: 1, items: tensor },
      },
    },
    inputs: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'type', 'tensor', 'unit', 'description', 'required', 'nullable', 'example', 'sensitive'],
        properties: {
          name: { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9_.-]{0,127}$' },
          type: { enum: ['number', 'integer', 'boolean', 'category', 'string'] },
          shape: { type: 'array', minItems: 1, maxItems: 7, items: { type: 'integer', minimum: 1 } },
          tensor: text,
          unit: { type: ['string', 'null'] },
          description: text,
          required: { type: 'boolean' },
          nullable: { type: 'boolean' },
          missing: {
            type: 'object',
            additionalProperties: false,
            required: ['policy', 'description'],
            properties: {
              policy: { enum: ['nan', 'constant'] },
              value: { type: ['number', 'string', 'boolean'] },
              description: text,
            },
          },
          minimum: { type: 'number' },
          maximum: { type: 'number' },
          categories: { type: 'array', minItems: 1, uniqueItems: true, items: { type: 'string' } },
          example: {},
          sensitive: { type: 'boolean' },
        },
        allOf: [
          {
            if: { properties: { type: { const: 'category' } } },
            then: { required: ['categories'] },
          },
          {
            // An absent or null value has to become something: the policy says what.
            if: { anyOf: [{ properties: { nullable: { const: true } } }, { properties: { required: { const: false } } }] },
            then: { required: ['missing'] },
          },
        ],
      },
    },
    outputs: {
      type: 'object',
      required: ['task'],
      oneOf: [
        {
          additionalProperties: false,
          required: ['task', 'tensor', 'labels', 'score'],
          properties: {
            task: { const: 'classification' },
            tensor: text,
            labels: { type: 'array', minItems: 2, uniqueItems: true, items: { type: 'string' } },
            score: text,
          },
        },
        {
          additionalProperties: false,
          required: ['task', 'tensor', 'unit', 'description'],
          properties: {
            task: { const: 'regression' },
            tensor: text,
            unit: { type: ['string', 'null'] },
            description: text,
          },
        },
        {
          additionalProperties: false,
          required: ['task', 'tensors'],
          properties: {
            task: { const: 'tensor' },
            tensors: {
              type: 'array',
              minItems: 1,
              items: {
                type: 'object',
                additionalProperties: false,
                required: ['name', 'description'],
                properties: { name: text, description: text },
              },
            },
          },
        },
      ],
    },
    batching: {
      type: 'object',
      additionalProperties: false,
      required: ['max_batch_size'],
      properties: { max_batch_size: { type: 'integer', minimum: 1, maximum: 1024 } },
    },
    timeout_ms: { type: 'integer', minimum: 1, maximum: 3_600_000 },
    monitoring: {
      type: 'object',
      additionalProperties: false,
      required: ['features', 'thresholds'],
      properties: {
        features: { type: 'array', items: { type: 'string' } },
        thresholds: { type: 'object', additionalProperties: { type: 'number' } },
      },
    },
  },
} as const;

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
