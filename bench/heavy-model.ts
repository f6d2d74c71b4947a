/**
 * A heavy dense model for part c: a residual MLP of about 20 million floating-point operations a row, with seeded
 * weights. It is not committed (40 MB); every run makes the same one.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ModelSession } from '#inference/session';
import { sha256 } from '#models/integrity';
import type { Manifest } from '#models/manifest';
import { encodeOnnx, type Graph, type GraphNode, type Weights } from './onnx-writer.js';

export const HEAVY_MODEL = 'residual-mlp';
export const HEAVY_INPUTS = 64;
/** Feature of the manifest that holds all inputs. */
export const HEAVY_FEATURE = 'values';
export const HEAVY_TENSOR = 'features';

const LABEL = '1.0.0';
const WIDTH = 1_280;
const BLOCKS = 3;
const CLASSES = 10;
const GOLDEN = 32;
/** Sums of 1,280 products come out a little different in another batch size. */
const TOLERANCE = 1e-4;

/** Multiplications and additions of one row. */
export const HEAVY_FLOP = 2 * (HEAVY_INPUTS * WIDTH + BLOCKS * 2 * WIDTH * WIDTH + WIDTH * CLASSES);

/** @param modelsDir folder to write into, as a model repository with this one model */
export async function writeHeavyModel(modelsDir: string): Promise<void> {
  const directory = path.join(modelsDir, HEAVY_MODEL, LABEL);
  await mkdir(directory, { recursive: true });
  const random = seeded(20);
  const bytes = encodeOnnx(buildGraph(random));
  await writeFile(path.join(directory, 'model.onnx'), bytes);
  const inputs = Array.from({ length: GOLDEN }, () => ({ [HEAVY_FEATURE]: rowOf(random) }));
  const golden = await answer(directory, inputs);
  const baseline = `${JSON.stringify({ baseline_version: 1, rows: 0, features: {} })}\n`;
  const files = [
    fileEntry('model.onnx', bytes),
    fileEntry('baseline.json', baseline),
    fileEntry('golden.jsonl', golden),
  ];
  await writeFile(path.join(directory, 'baseline.json'), baseline);
  await writeFile(path.join(directory, 'golden.jsonl'), golden);
  await writeFile(path.join(directory, 'manifest.json'), JSON.stringify(manifestOf(files), null, 2));
}

/** Where a run of `writeHeavyModel` has put the graph. */
export function heavyGraphFile(modelsDir: string): string {
  return path.join(modelsDir, HEAVY_MODEL, LABEL, 'model.onnx');
}

/** `x = x + W2 relu(W1 x)`, three times, between a layer in and a layer out. */
function buildGraph(random: () => number): Graph {
  const nodes: GraphNode[] = [];
  const weights: Weights[] = [];
  const dense = (input: string, output: string, from: number, to: number, gain: number): void => {
    const values = Float32Array.from({ length: from * to }, () => (random() * 2 - 1) * gain * Math.sqrt(3 / from));
    weights.push({ name: `${output}.weight`, shape: [from, to], values });
    nodes.push({ operator: 'MatMul', inputs: [input, `${output}.weight`], output });
  };
  dense(HEAVY_TENSOR, 'stem', HEAVY_INPUTS, WIDTH, 1);
  let x = 'stem';
  for (let block = 0; block < BLOCKS; block += 1) {
    dense(x, `block${block}.in`, WIDTH, WIDTH, 1);
    nodes.push({ operator: 'Relu', inputs: [`block${block}.in`], output: `block${block}.relu` });
    dense(`block${block}.relu`, `block${block}.out`, WIDTH, WIDTH, 1);
    nodes.push({ operator: 'Add', inputs: [x, `block${block}.out`], output: `block${block}` });
    x = `block${block}`;
  }
  dense(x, 'logits', WIDTH, CLASSES, 0.5);
  nodes.push({ operator: 'Softmax', inputs: ['logits'], output: 'probabilities' });
  const [input, output] = [
    { name: HEAVY_TENSOR, width: HEAVY_INPUTS },
    { name: 'probabilities', width: CLASSES },
  ];
  return { name: HEAVY_MODEL, nodes, weights, input, output };
}

/** Golden examples are what the runtime itself says: this model is measured, not judged. */
async function answer(directory: string, inputs: readonly Record<string, unknown>[]): Promise<string> {
  const manifest = manifestOf([]);
  const version = { id: '', owner: manifest.owner, name: HEAVY_MODEL, label: LABEL, directory, manifest };
  const session = await ModelSession.open({ ...version, golden: [], baseline: null }, { threads: 1 });
  const results = await session.predict(inputs);
  await session.close();
  return results
    .map((result, row) => {
      if (!('output' in result)) throw new Error(result.failure.message);
      return `${JSON.stringify({ input: inputs[row], output: result.output, tolerance: TOLERANCE })}\n`;
    })
    .join('');
}

function fileEntry(name: string, content: Buffer | string): Manifest['files'][number] {
  return { path: name, sha256: sha256(content), size_bytes: Buffer.byteLength(content) };
}

function manifestOf(files: Manifest['files']): Manifest {
  const labels = Array.from({ length: CLASSES }, (_, label) => String(label));
  return {
    manifest_version: 1,
    name: HEAVY_MODEL,
    version: LABEL,
    title: 'Residual MLP of the bench',
    description: `A dense network of ${(HEAVY_FLOP / 1e6).toFixed(1)} MFLOP a row with random weights; it means nothing.`,
    task: 'classification',
    owner: 'millrace',
    license: 'Apache-2.0',
    created_at: '2026-01-01T00:00:00Z',
    training: {
      script: 'bench/heavy-model.ts',
      commit: 'none',
      python: 'none',
      data: { name: 'none', sha256: sha256(''), rows: 0, license: 'Apache-2.0' },
      libraries: {},
    },
    evaluation: { flop_per_row: HEAVY_FLOP },
    files,
    graph: {
      path: 'model.onnx',
      inputs: [{ name: HEAVY_TENSOR, datatype: 'float32', shape: [-1, HEAVY_INPUTS] }],
      outputs: [{ name: 'probabilities', datatype: 'float32', shape: [-1, CLASSES] }],
    },
    inputs: [
      {
        name: HEAVY_FEATURE,
        type: 'number',
        shape: [HEAVY_INPUTS],
        tensor: HEAVY_TENSOR,
        unit: null,
        description: 'Any numbers.',
        required: true,
        nullable: false,
        minimum: -10,
        maximum: 10,
        example: rowOf(seeded(1)),
        sensitive: false,
      },
    ],
    outputs: { task: 'classification', tensor: 'probabilities', labels, score: 'Nothing.' },
    batching: { max_batch_size: 128 },
    timeout_ms: 10_000,
    monitoring: { features: [], thresholds: {} },
  };
}

/** Numbers of three decimals, as clients send them. */
function rowOf(random: () => number): number[] {
  return Array.from({ length: HEAVY_INPUTS }, () => Math.round((random() * 2 - 1) * 1_000) / 1_000);
}

/** Mulberry32: the same numbers in [0, 1) for the same seed, everywhere. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}
