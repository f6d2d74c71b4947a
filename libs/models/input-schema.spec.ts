import { expect, it } from 'vitest';
import { shipped } from '#testing/models';
import { featureSchema, inputSchema, outputSchema } from './input-schema.js';

it('says of each field what people need: description, unit, example, and what a missing value means', async () => {
  const { manifest } = await shipped('churn');
  const { properties, required, additionalProperties } = inputSchema(manifest) as {
    properties: Record<string, { description: string; examples: unknown[] }>;
    required: string[];
    additionalProperties: boolean;
  };
  expect(additionalProperties).toBe(false);
  expect(required).toEqual(manifest.inputs.map((feature) => feature.name));
  expect(properties['monthly_charge']?.description).toMatch(/ Unit: EUR a month\.$/);
  expect(properties['satisfaction']?.description).toContain(' Missing: The graph takes the median answer');
  for (const feature of manifest.inputs) expect(properties[feature.name]?.examples).toEqual([feature.example]);
});

it('nests lists by the shape of the feature, outermost first', () => {
  const feature = {
    name: 'grid',
    type: 'integer',
    shape: [2, 3],
    tensor: 't',
    unit: null,
    description: '',
    required: true,
    nullable: true,
    minimum: 0,
    maximum: 9,
    example: [],
    sensitive: false,
  } as const;
  const cell = { type: 'integer', minimum: 0, maximum: 9 };
  const row = { type: 'array', minItems: 3, maxItems: 3, items: cell };
  expect(featureSchema(feature)).toEqual({
    anyOf: [{ type: 'array', minItems: 2, maxItems: 2, items: row }, { type: 'null' }],
  });
});

it('describes the three kinds of output', async () => {
  const [iris, diabetes] = await Promise.all([shipped('iris'), shipped('diabetes')]);
  expect(outputSchema(iris.manifest.outputs)).toMatchObject({
    required: ['label', 'score', 'probabilities'],
    properties: { label: { enum: ['setosa', 'versicolor', 'virginica'] } },
  });
  expect(outputSchema(diabetes.manifest.outputs)).toMatchObject({
    required: ['value'],
    properties: { value: { description: expect.stringMatching(/Unit: points\.$/) as string } },
  });
  const tensors = outputSchema({ task: 'tensor', tensors: [{ name: 'embedding', description: '128 numbers' }] });
  expect(tensors).toMatchObject({ required: ['embedding'], properties: { embedding: { description: '128 numbers' } } });
});
