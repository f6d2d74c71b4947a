/** JSON Schema (2020-12) of a version's input and output, made from its manifest: for validation and for OpenAPI. */
import type { Feature, OutputSpec } from '#domain/model-version';
import type { Manifest } from './manifest.js';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Numbers end up as float32; what does not fit there would become infinity. */
const FLOAT32_MAX = 3.4028234663852886e38;
const MAX_STRING_LENGTH = 1024;

export function inputSchema(manifest: Manifest): JsonSchema {
  return {
    type: 'object',
    additionalProperties: false,
    required: manifest.inputs.filter((feature) => feature.required).map((feature) => feature.name),
    properties: Object.fromEntries(manifest.inputs.map((feature) => [feature.name, describe(feature)])),
  };
}

function describe(feature: Feature): JsonSchema {
  const unit = feature.unit === null ? '' : ` Unit: ${feature.unit}.`;
  const missing = feature.missing === undefined ? '' : ` Missing: ${feature.missing.description}`;
  return {
    ...featureSchema(feature),
    description: `${feature.description}${unit}${missing}`,
    examples: [feature.example],
  };
}

/** The rules of one feature, without its words. */
export function featureSchema(feature: Feature): JsonSchema {
  const value = (feature.shape ?? []).reduceRight<JsonSchema>(
    (items, size) => ({ type: 'array', minItems: size, maxItems: size, items }),
    scalarSchema(feature),
  );
  return feature.nullable ? { anyOf: [value, { type: 'null' }] } : value;
}

function scalarSchema(feature: Feature): JsonSchema {
  switch (feature.type) {
    case 'number':
      return { type: 'number', minimum: feature.minimum ?? -FLOAT32_MAX, maximum: feature.maximum ?? FLOAT32_MAX };
    case 'integer':
      return {
        type: 'integer',
        minimum: feature.minimum ?? Number.MIN_SAFE_INTEGER,
        maximum: feature.maximum ?? Number.MAX_SAFE_INTEGER,
      };
    case 'boolean':
      return { type: 'boolean' };
    case 'category':
      return { type: 'string', enum: feature.categories ?? [] };
    case 'string':
      return { type: 'string', maxLength: MAX_STRING_LENGTH };
  }
}

export function outputSchema(outputs: OutputSpec): JsonSchema {
  switch (outputs.task) {
    case 'classification':
      return {
        type: 'object',
        required: ['label', 'score', 'probabilities'],
        properties: {
          label: { type: 'string', enum: outputs.labels },
          score: { type: 'number', minimum: 0, maximum: 1, description: outputs.score },
          probabilities: {
            type: 'object',
            description: 'One probability per label; they sum to one.',
            required: outputs.labels,
            properties: Object.fromEntries(outputs.labels.map((label) => [label, { type: 'number' }])),
          },
        },
      };
    case 'regression': {
      const unit = outputs.unit === null ? '' : ` Unit: ${outputs.unit}.`;
      return {
        type: 'object',
        required: ['value'],
        properties: { value: { type: 'number', description: `${outputs.description}${unit}` } },
      };
    }
    case 'tensor':
      return {
        type: 'object',
        required: outputs.tensors.map((tensor) => tensor.name),
        properties: Object.fromEntries(
          outputs.tensors.map((tensor) => [tensor.name, { description: tensor.description }]),
        ),
      };
  }
}
