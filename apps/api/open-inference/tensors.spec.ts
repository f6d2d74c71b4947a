/** Tensors of every type that a graph can have, into rows and back; what the shipped models have is shown by a story. */
import { describe, expect, it } from 'vitest';
import type { Feature, OutputSpec, TensorSpec } from '#domain/model-version';
import type { Manifest } from '#models/manifest';
import { fits } from './datatypes.js';
import type { RequestInput } from './infer-request.js';
import { Rows } from './read-rows.js';
import { VersionTensors } from './version-tensors.js';
import { toTensor, wantedOutputs } from './write-outputs.js';

function feature(name: string, type: Feature['type'], tensor: string, more: Partial<Feature> = {}): Feature {
  const plain = { unit: null, description: name, required: true, nullable: false, example: null, sensitive: false };
  return { name, type, tensor, ...plain, ...more };
}

const GRAPH_INPUTS: TensorSpec[] = [
  { name: 'mixed', datatype: 'float64', shape: [-1, 3] },
  { name: 'counts', datatype: 'int32', shape: [-1, 2] },
  { name: 'word', datatype: 'string', shape: [-1, 1] },
  { name: 'image', datatype: 'uint8', shape: [-1, 2, 2] },
];
const FEATURES = [
  feature('size', 'number', 'mixed'),
  feature('is_new', 'boolean', 'mixed'),
  feature('age', 'integer', 'mixed', { nullable: true }),
  feature('clicks', 'integer', 'counts'),
  feature('views', 'integer', 'counts'),
  feature('word', 'category', 'word', { categories: ['a', 'b'] }),
  feature('pixels', 'integer', 'image', { shape: [2, 2] }),
];

function manifestOf(outputs: OutputSpec, graphOutputs: readonly TensorSpec[]): Manifest {
  const graph = { path: 'model.onnx', inputs: GRAPH_INPUTS, outputs: graphOutputs };
  return { name: 'all', inputs: FEATURES, outputs, graph } as unknown as Manifest;
}

const OUTPUTS: OutputSpec = {
  task: 'tensor',
  tensors: ['boxes', 'total', 'names', 'flags'].map((name) => ({ name, description: name })),
};
const MANIFEST = manifestOf(OUTPUTS, [
  { name: 'boxes', datatype: 'float32', shape: [-1, -1, 2] },
  { name: 'total', datatype: 'int64', shape: [-1] },
  { name: 'names', datatype: 'string', shape: [-1, 2] },
  { name: 'flags', datatype: 'bool', shape: [-1, 1] },
]);
const tensors = new VersionTensors(MANIFEST);

function input(name: string, datatype: RequestInput['datatype'], shape: number[], data: unknown[]): RequestInput {
  return { name, datatype, shape, data };
}

const WORDS = input('word', 'BYTES', [2], ['a', 'b']);
const PIXELS = input('pixels', 'UINT8', [2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]);

function problemOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return (error as { problem: unknown }).problem;
  }
  throw new Error('it was not refused');
}

describe('a version', () => {
  it('has a tensor a feature, and those of the graph that hold several', () => {
    const shown = tensors.inputs.map(({ name, datatype, shape }) => `${name} ${datatype} [${shape.join()}]`);
    expect(shown).toEqual([
      'size FP64 [-1,1]',
      'is_new BOOL [-1,1]',
      'age INT64 [-1,1]',
      'clicks INT32 [-1,1]',
      'views INT32 [-1,1]',
      'word BYTES [-1,1]',
      'pixels UINT8 [-1,2,2]',
    ]);
    expect(tensors.packed.map(({ name }) => name)).toEqual(['mixed', 'counts', 'image']);
  });

  it('has the outputs of its graph, and the ids of the predictions', () => {
    const shown = tensors.outputs.map(({ name, datatype, shape }) => `${name} ${datatype} [${shape.join()}]`);
    expect(shown).toEqual([
      'boxes FP32 [-1,-1,2]',
      'total INT64 [-1]',
      'names BYTES [-1,2]',
      'flags BOOL [-1,1]',
      'prediction_id BYTES [-1,1]',
    ]);
  });
});

describe('rows', () => {
  const expected = [
    {
      size: 1.5,
      is_new: true,
      age: null,
      clicks: 1,
      views: 2,
      word: 'a',
      pixels: [
        [1, 2],
        [3, 4],
      ],
    },
    {
      size: 2.5,
      is_new: false,
      age: 40,
      clicks: 3,
      views: 4,
      word: 'b',
      pixels: [
        [5, 6],
        [7, 8],
      ],
    },
  ];

  it('come out of one tensor a feature', () => {
    const { inputs } = new Rows(tensors, [
      input('size', 'FP32', [2, 1], [[1.5], [2.5]]),
      input('is_new', 'BOOL', [2], [true, false]),
      input('age', 'INT64', [2], [null, 40]),
      input('clicks', 'UINT16', [2], [1, 3]),
      input('views', 'FP64', [2], [2, 4]),
      WORDS,
      PIXELS,
    ]);
    expect(inputs).toEqual(expected);
  });

  it('come out of packed tensors, nested in any shape', () => {
    const { inputs } = new Rows(tensors, [
      input(
        'mixed',
        'FP64',
        [2, 3],
        [
          [1.5, 1, null],
          [2.5, 0, 40],
        ],
      ),
      input('counts', 'INT32', [2, 2], [1, 2, 3, 4]),
      WORDS,
      input(
        'image',
        'UINT8',
        [2, 4],
        [
          [1, 2, 3, 4],
          [5, 6, 7, 8],
        ],
      ),
    ]);
    expect(inputs).toEqual(expected);
  });

  it('know where an error of an input stands in what was sent', () => {
    const rows = new Rows(tensors, [
      input('mixed', 'FP64', [2, 3], [1.5, 1, null, 2.5, 0, 40]),
      input(
        'pixels',
        'UINT8',
        [2, 2, 2],
        [
          [
            [1, 2],
            [3, 4],
          ],
          [
            [5, 6],
            [7, 8],
          ],
        ],
      ),
    ]);
    const error = { code: 'out_of_range', detail: 'is wrong' } as const;
    expect(rows.locate(1, { pointer: '/age', ...error }).pointer).toBe('/inputs/0/data/5');
    expect(rows.locate(1, { pointer: '/pixels/1/0', ...error }).pointer).toBe('/inputs/1/data/1/1/0');
    expect(rows.locate(0, { pointer: '/word', ...error }).pointer).toBe('/inputs');
  });

  it.each([
    ['UINT8', 256],
    ['INT8', -129],
    ['UINT16', 1.5],
    ['INT16', 40_000],
    ['UINT32', -1],
    ['INT32', 2 ** 31],
    ['INT64', 2 ** 53],
    ['UINT64', -1],
    ['FP16', '1'],
    ['FP32', true],
  ] as const)('of %s have no %s', (datatype, value) => {
    const sent = input('clicks', datatype, [2], [1, value]);
    expect(problemOf(() => new Rows(tensors, [sent]))).toMatchObject({
      status: 422,
      errors: [{ pointer: '/inputs/0/data/1', code: 'wrong_type' }],
    });
  });

  it('take numbers of any datatype for numbers, and texts for texts alone', () => {
    expect(fits('INT8', 'number')).toBe(true);
    expect(fits('FP32', 'boolean')).toBe(true);
    expect(fits('BOOL', 'number')).toBe(false);
    expect(fits('BYTES', 'number')).toBe(false);
    expect(fits('FP32', 'category')).toBe(false);
  });
});

describe('answers', () => {
  const rows = [
    {
      id: 'p1',
      output: {
        boxes: [
          [1, 2],
          [3, 4],
        ],
        total: 9,
        names: ['a', 'b'],
        flags: [true],
      },
    },
    {
      id: 'p2',
      output: {
        boxes: [
          [5, 6],
          [7, 8],
        ],
        total: 8,
        names: ['c', 'd'],
        flags: [false],
      },
    },
  ];

  it('become tensors with the shapes that the rows have', () => {
    const written = wantedOutputs(tensors, undefined).map((tensor) => toTensor(tensor, MANIFEST, rows));
    expect(written).toEqual([
      { name: 'boxes', datatype: 'FP32', shape: [2, 2, 2], data: [1, 2, 3, 4, 5, 6, 7, 8] },
      { name: 'total', datatype: 'INT64', shape: [2], data: [9, 8] },
      { name: 'names', datatype: 'BYTES', shape: [2, 2], data: ['a', 'b', 'c', 'd'] },
      { name: 'flags', datatype: 'BOOL', shape: [2, 1], data: [true, false] },
      { name: 'prediction_id', datatype: 'BYTES', shape: [2, 1], data: ['p1', 'p2'] },
    ]);
  });

  it('of different shapes are no tensor', () => {
    const ragged = [rows[0]!, { id: 'p3', output: { ...rows[1]!.output, boxes: [[1, 2]] } }];
    const [boxes] = wantedOutputs(tensors, [{ name: 'boxes' }]);
    expect(problemOf(() => toTensor(boxes!, MANIFEST, ragged))).toMatchObject({ code: 'ragged_output' });
  });
});
