import { appendFile, cp, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { changeManifest, copyModels, MODELS_DIR, SHIPPED } from '#testing/models';
import { sha256 } from './integrity.js';
import { openRepository, openVersions } from './repository.js';

const everyFile = { verify: 'every-file' } as const;

describe('the repository that ships', () => {
  it('knows every model by name, label and id', async () => {
    const repository = await openRepository(MODELS_DIR, everyFile);
    expect(repository.names()).toEqual(SHIPPED);
    const iris = repository.latest('iris')!;
    const manifest = await readFile(path.join(MODELS_DIR, 'iris', '1.0.0', 'manifest.json'));
    expect(iris.id).toBe(sha256(manifest));
    expect(iris.golden.length).toBeGreaterThan(0);
    for (const name of ['iris', 'iris:1.0.0', `iris:${iris.id}`, 'millrace/iris', `millrace/iris:${iris.id}`, iris.id]) {
      expect(repository.resolve(name), name).toBe(iris);
    }
    const nothing = ['', 'Iris', 'iris:', 'iris:2.0.0', 'other/iris', 'other/iris:1.0.0', 'f'.repeat(64), '__proto__'];
    for (const name of nothing) expect(repository.resolve(name), name).toBeUndefined();
  });

  it('reads what it is asked for and nothing else', async () => {
    const repository = await openRepository(MODELS_DIR, { ...everyFile, only: ['iris'] });
    expect(repository.names()).toEqual(['iris']);
    await expect(openRepository(MODELS_DIR, { ...everyFile, only: ['tulip'] })).rejects.toThrow(
      `There is no model tulip; there are ${SHIPPED.join(', ')}`,
    );
  });
});

describe('with several versions', () => {
  it('means the highest label by a bare name, not the last one read', async () => {
    const root = await copyModels('iris');
    for (const label of ['1.10.0', '1.9.0', '2.0.0-rc.1']) {
      await cp(path.join(root, 'iris', '1.0.0'), path.join(root, 'iris', label), { recursive: true });
      const file = path.join(root, 'iris', label, 'manifest.json');
      const text = await readFile(file, 'utf8');
      await writeFile(file, text.replace('"version": "1.0.0"', `"version": "${label}"`));
    }
    const repository = await openRepository(root, everyFile);
    expect(repository.versions('iris').map(({ label }) => label)).toEqual(['2.0.0-rc.1', '1.10.0', '1.9.0', '1.0.0']);
    expect(repository.resolve('iris')?.label).toBe('2.0.0-rc.1');
    expect(repository.resolve('iris:1.9.0')?.label).toBe('1.9.0');
  });
});

describe('versions that are known', () => {
  it('are opened again without a look at what else has come into the folder', async () => {
    const root = await copyModels('iris');
    const known = (await openRepository(root, everyFile)).all();
    await mkdir(path.join(root, 'iris', '2.0.0'));
    await expect(openRepository(root, everyFile)).rejects.toThrow('iris/2.0.0/manifest.json: is missing');
    expect(await openVersions(root, known)).toEqual(known);
  });

  it('are verified again, and refused where they are others by now', async () => {
    const root = await copyModels('iris');
    const known = (await openRepository(root, everyFile)).all();
    await changeManifest(root, 'iris', (manifest) => (manifest.title = 'Another'));
    await expect(openVersions(root, known)).rejects.toThrow(
      'Model file iris/1.0.0/manifest.json: is not the one that the worker has read',
    );
    await rm(path.join(root, 'iris', '1.0.0', 'model.onnx'));
    await expect(openVersions(root, known)).rejects.toThrow('Model file iris/1.0.0/model.onnx: is missing');
  });
});

// What an operator does to a folder by mistake, and what an attacker does on purpose.
describe('a folder that was tampered with stops the start with one line that names the file and the rule', () => {
  const at = (root: string, file: string): string => path.join(root, 'iris', '1.0.0', file);
  const cases: [string, (root: string) => Promise<unknown>, string | RegExp][] = [
    [
      'a flipped byte',
      async (root) => {
        const bytes = await readFile(at(root, 'model.onnx'));
        bytes[100]! ^= 1;
        await writeFile(at(root, 'model.onnx'), bytes);
      },
      'Model file iris/1.0.0/model.onnx: its SHA-256 is not the one its manifest promises: the file was changed',
    ],
    [
      'a truncated file',
      async (root) => {
        const bytes = await readFile(at(root, 'model.onnx'));
        await writeFile(at(root, 'model.onnx'), bytes.subarray(0, -1));
      },
      /^Model file iris\/1\.0\.0\/model\.onnx: has 463 bytes, but its manifest promises 464 \(size_bytes\)$/,
    ],
    [
      'a longer file',
      (root) => appendFile(at(root, 'baseline.json'), '\n'),
      /^Model file iris\/1\.0\.0\/baseline\.json: has \d+ bytes, but its manifest promises/,
    ],
    ['a missing file', (root) => rm(at(root, 'golden.jsonl')), 'Model file iris/1.0.0/golden.jsonl: is missing'],
    ['a missing manifest', (root) => rm(at(root, 'manifest.json')), 'Model file iris/1.0.0/manifest.json: is missing'],
    [
      'a link in place of a file, even to the same bytes',
      async (root) => {
        await rename(at(root, 'model.onnx'), path.join(root, 'elsewhere'));
        await symlink(path.join(root, 'elsewhere'), at(root, 'model.onnx'));
      },
      'Model file iris/1.0.0/model.onnx: is a symbolic link, which is not followed',
    ],
    [
      'a folder in place of a file',
      async (root) => {
        await rm(at(root, 'model.onnx'));
        await mkdir(at(root, 'model.onnx'));
      },
      'Model file iris/1.0.0/model.onnx: is a folder',
    ],
    [
      'a folder with the wrong label',
      (root) => rename(path.join(root, 'iris', '1.0.0'), path.join(root, 'iris', '1.0.1')),
      'Model file iris/1.0.1/manifest.json: /version must be 1.0.1, as its folder says',
    ],
    [
      'the manifest of another model',
      (root) => cp(path.join(MODELS_DIR, 'churn', '1.0.0', 'manifest.json'), at(root, 'manifest.json')),
      'Model file iris/1.0.0/manifest.json: /name must be iris, as its folder says',
    ],
    [
      'a broken manifest',
      (root) => writeFile(at(root, 'manifest.json'), '{'),
      'Model file iris/1.0.0/manifest.json: is not JSON',
    ],
    [
      'a manifest that forgets its golden examples',
      (root) => changeManifest(root, 'iris', (m) => (m.files = m.files.filter(({ path: p }) => p !== 'golden.jsonl'))),
      'Model file iris/1.0.0/manifest.json: /files must list golden.jsonl',
    ],
    [
      'an example that its model refuses',
      (root) => changeManifest(root, 'iris', (m) => (m.inputs[1]!.example = 'wide')),
      'Model file iris/1.0.0/manifest.json: /inputs/1/example is a text: must be a number from 1 to 6 (cm)',
    ],
    [
      'a golden example with a word misspelt',
      (root) => changeGolden(root, (text) => text.replace('"petal_width"', '"petal_with"')),
      'Model file iris/1.0.0/golden.jsonl: line 1: /input/petal_width is required: must be a number from 0 to 4 (cm)',
    ],
    [
      'a golden example that its model refuses',
      (root) => changeGolden(root, (text) => text.replace(/(.*\n.*"sepal_length": )[\d.]+/, '$155')),
      'Model file iris/1.0.0/golden.jsonl: line 2: /input/sepal_length is 55: must be a number from 3 to 10 (cm)',
    ],
    ['no model at all', (root) => rm(path.join(root, 'iris'), { recursive: true }), /^Setting MODELS_DIR: the folder \/.* holds no model$/],
    ['no folder at all', (root) => rm(root, { recursive: true }), /^Setting MODELS_DIR: the folder \/.* cannot be read \(ENOENT\)$/],
  ];
  it.each(cases)('%s', async (_, tamper, line) => {
    const root = await copyModels('iris');
    await tamper(root);
    await expect(openRepository(root, everyFile)).rejects.toThrow(line);
  });

  it('but who does not run the graph need not have it', async () => {
    const root = await copyModels('iris');
    await rm(at(root, 'model.onnx'));
    const repository = await openRepository(root, { verify: 'all-but-graph' });
    expect(repository.names()).toEqual(['iris']);
    await rm(at(root, 'baseline.json'));
    await expect(openRepository(root, { verify: 'all-but-graph' })).rejects.toThrow('baseline.json: is missing');
  });
});

/** As somebody writes them who puts size and hash right as well. */
async function changeGolden(root: string, change: (text: string) => string): Promise<void> {
  const file = path.join(root, 'iris', '1.0.0', 'golden.jsonl');
  const text = change(await readFile(file, 'utf8'));
  await writeFile(file, text);
  await changeManifest(root, 'iris', ({ files }) => {
    const golden = files.find((one) => one.path === 'golden.jsonl')!;
    Object.assign(golden, { sha256: sha256(text), size_bytes: Buffer.byteLength(text) });
  });
}
