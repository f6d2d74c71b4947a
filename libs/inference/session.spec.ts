import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { difference } from '#models/golden';
import { sha256 } from '#models/integrity';
import { type ModelVersion, openRepository } from '#models/repository';
import { changeManifest, copyModels, type LooseManifest, shipped, SHIPPED, shippedModels } from '#testing/models';
import { ModelSession } from './session.js';

const threads = 1;

describe('a model that ships', () => {
  let sessions: ModelSession[];
  beforeAll(async () => {
    const versions = (await shippedModels()).all();
    sessions = await Promise.all(versions.map((version) => ModelSession.open(version, { threads })));
  });
  afterAll(() => Promise.all(sessions.map((session) => session.close())));
  const of = (name: string): ModelSession => sessions.find(({ version }) => version.name === name)!;

  it.each(SHIPPED)('%s gives its golden answers', async (name) => {
    await of(name).passGolden('all');
    await of(name).passGolden('one');
  });

  it.each(SHIPPED)('%s answers each row as if it were alone, however many run together', async (name) => {
    const session = of(name);
    const inputs = session.version.golden.map((example) => example.input);
    const together = await session.predict(inputs);
    const alone = await session.predict(inputs.slice(0, 1));
    const reversed = await session.predict(inputs.toReversed());
    // Kernels may sum in another order for another number of rows.
    expect(difference(alone, together.slice(0, 1), 1e-5)).toBeNull();
    expect(difference(reversed.toReversed(), together, 1e-5)).toBeNull();
  });

  it('gives probabilities that sum to one, and the score of its label', async () => {
    for (const name of ['iris', 'churn', 'digits']) {
      const results = await of(name).predict(of(name).version.golden.map((example) => example.input));
      for (const result of results) {
        const { label, score, probabilities } = (result as { output: never }).output as {
          label: string;
          score: number;
          probabilities: Record<string, number>;
        };
        expect(score).toBe(probabilities[label]);
        expect(score).toBe(Math.max(...Object.values(probabilities)));
        expect(Object.values(probabilities).reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
      }
    }
  });

  it('says what each stage took', async () => {
    const { stages } = await of('iris').run([of('iris').version.golden[0]!.input]);
    for (const ms of Object.values(stages)) expect(ms).toBeGreaterThanOrEqual(0);
    expect(stages.runMs).toBeGreaterThan(0);
  });
});

describe('a golden example that is not met', () => {
  it('stops the start and says where and by how much', async () => {
    const version = await shipped('iris');
    const [first, ...rest] = version.golden;
    const wrong = { ...first!, output: { ...(first!.output as object), score: 0.5 } as never };
    const session = await ModelSession.open({ ...version, golden: [...rest, wrong] }, { threads });
    await expect(session.passGolden('all')).rejects.toThrow(
      new RegExp(
        `^Model file iris/1\\.0\\.0/golden\\.jsonl: line ${rest.length + 1} is not met: /score is 0\\.\\d+, expected 0\\.5`,
      ),
    );
    // A replaced child checks the first alone.
    await session.passGolden('one');
    await session.close();
  });
});

describe('a manifest that disagrees with its graph is refused by one line with the file and the rule', () => {
  const file = 'Model file iris/1.0.0/manifest.json: ';
  const cases: [string, (manifest: LooseManifest) => void, string][] = [
    [
      'a name of an input',
      (m) => {
        m.graph.inputs[0]!.name = 'measurements';
        for (const feature of m.inputs) feature.tensor = 'measurements';
      },
      '/graph/inputs/0 names measurements, which the graph does not have',
    ],
    [
      'a datatype',
      (m) => (m.graph.inputs[0]!.datatype = 'float64'),
      '/graph/inputs/0/datatype says float64, the graph says float32',
    ],
    [
      'a shape',
      (m) => (m.graph.inputs[0]!.shape = [-1, 5]),
      '/graph/inputs/0/shape says [-1, 5], the graph says [-1, 4]',
    ],
    [
      'a rank',
      (m) => (m.graph.inputs[0]!.shape = [-1, 2, 2]),
      '/graph/inputs/0/shape says [-1, 2, 2], the graph says [-1, 4]',
    ],
    [
      'a name of an output',
      (m) => {
        m.graph.outputs[0]!.name = 'logits';
        (m.outputs as { tensor: string }).tensor = 'logits';
      },
      '/graph/outputs/0 names logits, which the graph does not have',
    ],
    [
      'the number of classes',
      (m) => (m.graph.outputs[0]!.shape = [-1, 4]),
      '/graph/outputs/0/shape says [-1, 4], the graph says [-1, 3]',
    ],
    ['an input too few', (m) => (m.graph.inputs = []), 'the graph has an input features that /graph/inputs lacks'],
    [
      'a feature too few',
      (m) => m.inputs.pop(),
      "/inputs fill 3 elements of the graph's input features, which takes 4",
    ],
  ];
  it.each(cases)('%s', async (_, change, rule) => {
    const version = await shipped('iris');
    await expect(ModelSession.open(withManifest(version, change), { threads })).rejects.toThrow(file + rule);
  });

  it('a file that is no graph at all', async () => {
    const version = withManifest(await shipped('iris'), (m) => (m.graph.path = 'baseline.json'));
    await expect(ModelSession.open(version, { threads })).rejects.toThrow(
      'Model file iris/1.0.0/baseline.json: is not a graph that ONNX Runtime can load',
    );
  });
});

function withManifest(version: ModelVersion, change: (manifest: LooseManifest) => void): ModelVersion {
  const manifest = structuredClone(version.manifest) as LooseManifest;
  change(manifest);
  return { ...version, manifest };
}

// What an exporter writes that was shown an example and not told which dimension is the batch.
describe('a graph for one row at a time', () => {
  async function ofOneRow(mostRows: number): Promise<ModelVersion> {
    const root = await copyModels('iris');
    const file = path.join(root, 'iris', '1.0.0', 'model.onnx');
    // In place of the dimension N the number 1, in as many bytes.
    const graph = Buffer.from(
      (await readFile(file)).toString('latin1').replaceAll('\x12\x01N', '\x08\x81\0'),
      'latin1',
    );
    await writeFile(file, graph);
    await changeManifest(root, 'iris', (manifest) => {
      for (const spec of [...manifest.graph.inputs, ...manifest.graph.outputs]) spec.shape[0] = 1;
      manifest.batching.max_batch_size = mostRows;
      manifest.files.find((one) => one.path === 'model.onnx')!.sha256 = sha256(graph);
    });
    return (await openRepository(root, { verify: 'every-file' })).latest('iris')!;
  }

  it('is refused where more rows would run together', async () => {
    await expect(ModelSession.open(await ofOneRow(256), { threads })).rejects.toThrow(
      'Model file iris/1.0.0/manifest.json: /graph/inputs/0 takes 1 rows and no others: ' +
        'leave the first dimension of the graph open, or say 1 in /batching/max_batch_size',
    );
  });

  it('is served where each row runs alone', async () => {
    const session = await ModelSession.open(await ofOneRow(1), { threads });
    await session.passGolden('all');
    await session.close();
  });
});
