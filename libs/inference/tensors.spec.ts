import { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import type { OutputSpec, TensorType } from '#domain/model-version';
import type { Manifest } from '#models/manifest';
import { shipped } from '#testing/models';
import { readAnswers, TensorBuilder, TensorPlanError } from './tensors.js';

type Feature = Manifest['inputs'][number];

/** A manifest with one tensor and the given features, on top of one that ships. */
async function builderOf(datatype: TensorType, shape: number[], ...features: Partial<Feature>[]) {
  const { manifest } = await shipped('iris');
  const graph = { ...manifest.graph, inputs: [{ name: 't', datatype, shape }] };
  const inputs = features.map((feature) => ({ ...manifest.inputs[0]!, tensor: 't', ...feature }));
  return new TensorBuilder({ ...manifest, graph, inputs });
}

async function elements(builder: TensorBuilder | Promise<TensorBuilder>, ...rows: Record<string, unknown>[]) {
  const { t } = (await builder).build(rows);
  return { data: [...(t!.data as ArrayLike<unknown> & Iterable<unknown>)], dims: t!.dims, type: t!.type };
}

describe('inputs into tensors', () => {
  it('fill each row in the order of the manifest, whatever the order of the fields', async () => {
    const builder = builderOf('float32', [-1, 3], { name: 'a' }, { name: 'b' }, { name: 'c' });
    expect(await elements(builder, { c: 3, a: 1, b: 2 }, { b: 5, a: 4, c: 6 })).toEqual({
      data: [1, 2, 3, 4, 5, 6],
      dims: [2, 3],
      type: 'float32',
    });
  });

  it('put lists between scalars at their place, row by row', async () => {
    const builder = builderOf('float32', [-1, 6], { name: 'a' }, { name: 'grid', shape: [2, 2] }, { name: 'z' });
    const grid = [
      [1, 2],
      [3, 4],
    ];
    const { data } = await elements(builder, { a: 0, grid, z: 5 }, { a: 10, grid, z: 15 });
    expect(data).toEqual([0, 1, 2, 3, 4, 5, 10, 1, 2, 3, 4, 15]);
  });

  it('keep the shape of the graph behind the batch', async () => {
    const builder = builderOf('float32', [-1, 1, 2, 2], { name: 'image', shape: [4] });
    expect((await elements(builder, { image: [1, 2, 3, 4] })).dims).toEqual([1, 1, 2, 2]);
  });

  it('turn a missing number into NaN or into the constant of its policy, absent and null alike', async () => {
    const nan = builderOf('float32', [-1, 1], { name: 'a', missing: { policy: 'nan', description: '' } });
    expect((await elements(nan, { a: null }, {})).data).toEqual([Number.NaN, Number.NaN]);
    const constant = builderOf('float64', [-1, 1], {
      name: 'a',
      missing: { policy: 'constant', value: -1.5, description: '' },
    });
    expect((await elements(constant, { a: null }, {}, { a: 0 })).data).toEqual([-1.5, -1.5, 0]);
  });

  it('turn truth into 1 and 0, in numbers and in booleans', async () => {
    for (const type of ['float32', 'bool', 'uint8'] as const) {
      const builder = builderOf(type, [-1, 2], { name: 'a', type: 'boolean' }, { name: 'b', type: 'boolean' });
      expect((await elements(builder, { a: true, b: false })).data, type).toEqual([1, 0]);
    }
  });

  it('hand over categories as they are; the graph encodes them', async () => {
    const builder = builderOf('string', [-1, 2], { name: 'a', type: 'category' }, { name: 'b', type: 'string' });
    expect(await elements(builder, { a: 'two-year', b: '' })).toEqual({
      data: ['two-year', ''],
      dims: [1, 2],
      type: 'string',
    });
  });

  it.each(['int64', 'uint64'] as const)('take whole numbers into %s', async (type) => {
    const builder = builderOf(type, [-1, 2], { name: 'a', type: 'integer' }, { name: 'b', type: 'boolean' });
    expect((await elements(builder, { a: 2 ** 53 - 1, b: true })).data).toEqual([9_007_199_254_740_991n, 1n]);
  });

  it('are refused at the start where features and tensor disagree in size', async () => {
    const builder = builderOf('float32', [-1, 3], { name: 'a' }, { name: 'b' });
    await expect(builder).rejects.toThrow(TensorPlanError);
    await expect(builder).rejects.toThrow("/inputs fill 2 elements of the graph's input t, which takes 3");
  });
});

describe('tensors into answers', () => {
  const classes: OutputSpec = { task: 'classification', tensor: 'p', labels: ['a', 'b', 'c'], score: '' };
  const value: OutputSpec = { task: 'regression', tensor: 'v', unit: null, description: '' };
  const tensors = (...names: string[]): OutputSpec => ({
    task: 'tensor',
    tensors: names.map((name) => ({ name, description: '' })),
  });
  const floats = (data: number[], dims: number[]) => new Tensor('float32', Float32Array.from(data), dims);

  it('name the most probable class, with its probability as the score', () => {
    const p = floats([0.1, 0.7, 0.2, 0.5, 0.25, 0.25], [2, 3]);
    expect(readAnswers(classes, { p }, 2)).toEqual([
      { output: { label: 'b', score: 0.7, probabilities: { a: 0.1, b: 0.7, c: 0.2 } } },
      { output: { label: 'a', score: 0.5, probabilities: { a: 0.5, b: 0.25, c: 0.25 } } },
    ]);
  });

  it('give a regression its number in plain digits', () => {
    expect(readAnswers(value, { v: floats([152.133, -0.1], [2, 1]) }, 2)).toEqual([
      { output: { value: 152.133 } },
      { output: { value: -0.1 } },
    ]);
    expect(readAnswers(value, { v: floats([7], [1]) }, 1)).toEqual([{ output: { value: 7 } }]);
  });

  it('nest tensors as their shape says, and say every type in JSON', () => {
    const results = {
      grid: floats([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]),
      ids: new Tensor('int64', BigInt64Array.from([1n, -2n]), [2]),
      flags: new Tensor('bool', Uint8Array.from([1, 0]), [2, 1]),
      words: new Tensor('string', ['x', 'y'], [2, 1]),
    };
    expect(readAnswers(tensors('grid', 'ids', 'flags', 'words'), results, 2)).toEqual([
      { output: { grid: [[1, 2], [3, 4]], ids: 1, flags: [true], words: ['x'] } }, // prettier-ignore
      { output: { grid: [[5, 6], [7, 8]], ids: -2, flags: [false], words: ['y'] } }, // prettier-ignore
    ]);
  });

  it.each([Number.NaN, Infinity, -Infinity])('fail the row that holds %d, and no other', (wrong) => {
    const failure = expect.objectContaining({ code: 'invalid_output' }) as object;
    const good = { output: expect.anything() as object };
    expect(readAnswers(classes, { p: floats([0.1, wrong, 0.2, 1, 0, 0], [2, 3]) }, 2)).toEqual([{ failure }, good]);
    expect(readAnswers(value, { v: floats([1, wrong], [2, 1]) }, 2)).toEqual([good, { failure }]);
    expect(readAnswers(tensors('t'), { t: floats([wrong, 1, 2, 3], [2, 2]) }, 2)).toEqual([{ failure }, good]);
  });

  it('fail every row where the tensor is not what the manifest promises', () => {
    const wrong = [
      readAnswers(classes, { p: floats([0.5, 0.5], [1, 2]) }, 1),
      readAnswers(classes, {}, 1),
      readAnswers(value, { v: floats([1, 2], [1, 2]) }, 1),
      readAnswers(value, { v: new Tensor('string', ['x'], [1]) }, 1),
      readAnswers(tensors('t'), { t: floats([1, 2], [2]) }, 1),
      readAnswers(tensors('t'), {}, 1),
    ];
    for (const rows of wrong) expect(rows).toMatchObject([{ failure: { code: 'invalid_output' } }]);
  });
});
