/** JSON Schema (2020-12) of `manifest.json`: what a reader of the file may rely on. */

const sha256 = { type: 'string', pattern: '^[0-9a-f]{64}$' } as const;
const text = { type: 'string', minLength: 1 } as const;
const task = { enum: ['classification', 'regression', 'tensor'] } as const;
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
    task,
    // As in the paths of the API.
    owner: { type: 'string', pattern: NAME },
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
      properties: { task },
      // One after the other and not `oneOf`: what is wrong is then said of the task that is meant.
      allOf: [
        {
          if: { properties: { task: { const: 'classification' } } },
          then: {
            additionalProperties: false,
            required: ['task', 'tensor', 'labels', 'score'],
            properties: {
              task,
              tensor: text,
              labels: { type: 'array', minItems: 2, uniqueItems: true, items: { type: 'string' } },
              score: text,
            },
          },
        },
        {
          if: { properties: { task: { const: 'regression' } } },
          then: {
            additionalProperties: false,
            required: ['task', 'tensor', 'unit', 'description'],
            properties: { task, tensor: text, unit: { type: ['string', 'null'] }, description: text },
          },
        },
        {
          if: { properties: { task: { const: 'tensor' } } },
          then: {
            additionalProperties: false,
            required: ['task', 'tensors'],
            properties: {
              task,
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
