import { describe, expect, it } from 'vitest';
import { changedManifest, type LooseManifest, manifestText, SHIPPED } from '#testing/models';
import { ManifestError, parseManifest } from './manifest.js';

type Change = (manifest: LooseManifest) => void;
/** For what the types forbid. */
const any = (value: unknown): never => value as never;

async function ruleBroken(model: string, change: Change): Promise<string> {
  const text = await changedManifest(model, change);
  try {
    parseManifest(text);
  } catch (error) {
    if (error instanceof ManifestError) return error.rule;
    throw error;
  }
  return 'none';
}

it.each(SHIPPED)('%s, as it ships, breaks no rule', async (name) => {
  expect(parseManifest(await manifestText(name)).name).toBe(name);
});

it('is JSON', () => {
  expect(() => parseManifest('{"name": ')).toThrow('is not JSON');
});

describe('a manifest that breaks the schema is refused by the place and the rule', () => {
  const cases: [string, Change, string][] = [
    ['a format of the future', (m) => (m.manifest_version = any(2)), '/manifest_version must be 1'],
    ['a missing field', (m) => delete (m as { title?: string }).title, "/ must have required property 'title'"],
    ['an unknown field', (m) => Object.assign(m, { colour: 'red' }), '/ must not have the field colour'],
    ['an unknown field of an input', (m) => Object.assign(m.inputs[0]!, { min: 1 }), '/inputs/0'],
    ['a name that is no folder name', (m) => (m.name = '../iris'), '/name must match pattern'],
    ['an owner that no path can hold', (m) => (m.owner = 'ACME Corp.'), '/owner must match pattern'],
    ['a label that is no version', (m) => (m.version = '1.0'), '/version must match pattern'],
    ['a label with a leading zero', (m) => (m.version = '01.0.0'), '/version must match pattern'],
    ['a label with an empty word', (m) => (m.version = '1.0.0-a..b'), '/version must match pattern'],
    ['a time that is none', (m) => (m.created_at = 'yesterday'), '/created_at must match format'],
    ['a file outside of its folder', (m) => (m.files[0]!.path = '../model.onnx'), '/files/0/path must match pattern'],
    ['a file with an absolute path', (m) => (m.files[0]!.path = '/etc/passwd'), '/files/0/path must match pattern'],
    ['a file a folder up', (m) => (m.files[0]!.path = 'a/../../b'), '/files/0/path must match pattern'],
    ['a hash that is none', (m) => (m.files[0]!.sha256 = 'abc'), '/files/0/sha256 must match pattern'],
    ['no files', (m) => (m.files = []), '/files must NOT have fewer than 1 items'],
    ['no inputs', (m) => (m.inputs = []), '/inputs must NOT have fewer than 1 items'],
    ['an unknown type', (m) => (m.inputs[0]!.type = any('float')), '/inputs/0/type must be one of number, integer, boolean, category, string'],
    ['an unknown task', (m) => (m.task = any('ranking')), '/task must be one of classification, regression, tensor'],
    ['one label only', (m) => ((m.outputs as { labels?: string[] }).labels = ['a']), '/outputs/labels'],
    ['a label twice', (m) => ((m.outputs as { labels?: string[] }).labels = ['a', 'a']), '/outputs/labels'],
    ['a category without its list', (m) => (m.inputs[0]!.type = 'category'), "property 'categories'"],
    ['a nullable input without a policy', (m) => (m.inputs[0]!.nullable = true), "property 'missing'"],
    ['an optional input without a policy', (m) => (m.inputs[0]!.required = false), "property 'missing'"],
    ['micro-batches of nothing', (m) => (m.batching.max_batch_size = 0), '/batching/max_batch_size must be >= 1'],
    ['a bound that is a text', (m) => (m.inputs[0]!.minimum = any('3')), '/inputs/0/minimum must be number'],
    ['an output of no task', (m) => (m.outputs.task = any('ranking')), '/outputs/task must be one of classification,'],
    [
      'a regression without a unit',
      (m) => Object.assign(m, { task: 'regression', outputs: { task: 'regression', tensor: 'x', description: 'x' } }),
      "/outputs must have required property 'unit'",
    ],
    [
      'tensors that are not named',
      (m) => Object.assign(m, { task: 'tensor', outputs: { task: 'tensor' } }),
      "/outputs must have required property 'tensors'",
    ],
    ['a datatype nobody has', (m) => (m.graph.inputs[0]!.datatype = any('float16')), '/graph/inputs/0/datatype'],
  ];
  it.each(cases)('%s', async (_, change, rule) => {
    expect(await ruleBroken('iris', change)).toContain(rule);
  });
});

describe('a manifest that contradicts itself is refused', () => {
  const cases: [string, string, Change, string][] = [
    [
      'iris',
      'outputs of another task',
      (m) => (m.outputs = { task: 'regression', tensor: 'probabilities', unit: null, description: 'x' }),
      '/outputs/task must be classification, as /task says',
    ],
    [
      'iris',
      'a graph that is not among its files',
      (m) => (m.graph.path = 'other.onnx'),
      '/graph/path names other.onnx, which /files does not list',
    ],
    ['iris', 'a feature twice', (m) => (m.inputs[1]!.name = m.inputs[0]!.name), '/inputs names a feature twice'],
    [
      'iris',
      'a feature for a tensor that is not there',
      (m) => (m.inputs[2]!.tensor = 'nowhere'),
      '/inputs/2/tensor names nowhere, which /graph/inputs does not list',
    ],
    [
      'iris',
      'bounds that leave no number',
      (m) => (m.inputs[3]!.minimum = 99),
      '/inputs/3/minimum must not be above maximum',
    ],
    [
      'iris',
      'a tensor that nothing fills',
      (m) => m.graph.inputs.push({ name: 'mask', datatype: 'bool', shape: [-1, 1] }),
      "no feature fills the graph's input mask",
    ],
    [
      'iris',
      'an output that is not there',
      (m) => ((m.outputs as { tensor: string }).tensor = 'logits'),
      '/outputs names logits, which /graph/outputs does not list',
    ],
    [
      'iris',
      'tensors of which one is not there',
      (m) => {
        m.task = 'tensor';
        m.outputs = {
          task: 'tensor',
          tensors: [
            { name: 'probabilities', description: 'x' },
            { name: 'embedding', description: 'x' },
          ],
        };
      },
      '/outputs names embedding, which /graph/outputs does not list',
    ],
    [
      'churn',
      'a category in a tensor of numbers',
      (m) => (m.graph.inputs.find(({ name }) => name === 'plan')!.datatype = 'float32'),
      '/inputs/7/type is category, which does not fit plan, a tensor of float32',
    ],
    [
      'iris',
      'numbers in a tensor of texts',
      (m) => (m.graph.inputs[0]!.datatype = 'string'),
      '/inputs/0/type is number, which does not fit features, a tensor of string',
    ],
    [
      'churn',
      'a missing number that its tensor cannot hold',
      (m) => {
        m.graph.inputs[0]!.datatype = 'int64';
        for (const input of m.inputs) if (input.type === 'number') input.type = 'integer';
      },
      '/inputs/3/missing/policy must not be nan, which a tensor of int64 cannot hold',
    ],
    [
      'churn',
      'a constant without its value',
      (m) => (m.inputs[3]!.missing = { policy: 'constant', description: 'x' }),
      '/inputs/3/missing/value is needed by the policy constant',
    ],
    [
      'churn',
      'a constant of another type',
      (m) => (m.inputs[3]!.missing = { policy: 'constant', value: 'none', description: 'x' }),
      '/inputs/3/missing/value does not fit the type number',
    ],
    [
      'iris',
      'numbers in a tensor of integers',
      (m) => (m.graph.inputs[0]!.datatype = 'int32'),
      '/inputs/0/type is number, which does not fit features, a tensor of int32',
    ],
    [
      'iris',
      'a bound that its tensor cannot hold',
      (m) => {
        integers(m, 'int8');
        m.inputs[1]!.maximum = 128;
      },
      '/inputs/1/maximum is 128, which a tensor of int8 cannot hold',
    ],
    [
      'iris',
      'a constant that its tensor cannot hold',
      (m) => {
        integers(m, 'uint8');
        m.inputs[2]!.missing = { policy: 'constant', value: -1, description: 'x' };
      },
      '/inputs/2/missing/value is -1, which a tensor of uint8 cannot hold',
    ],
    [
      'iris',
      'a label too few',
      (m) => ((m.outputs as { labels?: string[] }).labels = ['setosa', 'versicolor']),
      '/outputs/labels has 2 labels, but probabilities has 3 numbers per row',
    ],
    [
      'iris',
      'a regression of several numbers',
      (m) => {
        m.task = 'regression';
        m.outputs = { task: 'regression', tensor: 'probabilities', unit: null, description: 'x' };
      },
      '/outputs/tensor names probabilities, which has 3 numbers per row instead of one',
    ],
    [
      'iris',
      'probabilities that are whole numbers',
      (m) => (m.graph.outputs[0]!.datatype = 'int64'),
      '/outputs/tensor names probabilities, which must be of float32 or float64',
    ],
  ];
  it.each(cases)('%s with %s', async (model, _, change, rule) => {
    expect(await ruleBroken(model, change)).toBe(rule);
  });
});

/** Four whole numbers in one tensor, without bounds. */
function integers(manifest: LooseManifest, datatype: LooseManifest['graph']['inputs'][number]['datatype']): void {
  manifest.graph.inputs[0]!.datatype = datatype;
  for (const input of manifest.inputs) {
    input.type = 'integer';
    delete input.minimum;
    delete input.maximum;
  }
}

// Beyond them a typed array wraps around: 300 would be 44 in the tensor, and the answer one to another question.
it.each([
  ['int8', -128, 127],
  ['int32', -2_147_483_648, 2_147_483_647],
  ['uint16', 0, 65_535],
  ['bool', 0, 1],
  ['uint64', 0, undefined],
  ['int64', undefined, undefined],
  ['float32', undefined, undefined],
] as const)('whole numbers without bounds have those of a tensor of %s', async (datatype, minimum, maximum) => {
  const { inputs } = parseManifest(await changedManifest('iris', (manifest) => integers(manifest, datatype)));
  expect([inputs[0]?.minimum, inputs[0]?.maximum]).toEqual([minimum, maximum]);
  const own = await changedManifest('iris', (manifest) => {
    integers(manifest, datatype);
    Object.assign(manifest.inputs[0]!, { minimum: 0, maximum: 1 });
  });
  expect(parseManifest(own).inputs[0]).toMatchObject({ minimum: 0, maximum: 1 });
});
