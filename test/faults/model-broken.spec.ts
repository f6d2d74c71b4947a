/**
 * A model that is not what it should be is never served: the process ends at start, with the exit code that tells its
 * supervisor not to try again, and one line that names the file and the rule. The API checks all but the graph, which
 * it may not even have. What goes wrong later, when an executor is replaced, does not end a worker: it may pass.
 */
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256 } from '#models/integrity';
import type { App } from '#testing/fleet';
import { metric } from '#testing/http';
import { changeManifest, copyModels } from '#testing/models';
import { until } from '#testing/patience';
import { IRIS, predict } from '#testing/predictions';
import { freePort } from '#testing/redis-server';
import { fleetFor } from '../stage.js';

const fleet = fleetFor('test');
const EXIT_REFUSED = 78;

/** @returns the one line that says why the process did not start */
async function refusal(app: App, settings: Readonly<Record<string, string>>): Promise<string> {
  const refused = fleet.launch(app, settings);
  expect(await refused.exited).toEqual({ code: EXIT_REFUSED, signal: null });
  const fatal = refused.lines.filter(({ level }) => level === 'fatal');
  expect(fatal).toHaveLength(1);
  const line = fatal[0]?.msg ?? '';
  expect(line).not.toMatch(/\n/);
  expect(refused.stderr).toBe('');
  return line;
}

const inIris = (root: string, file: string): string => path.join(root, 'iris', '1.0.0', file);

/** Changes a file and its promise, as somebody would who wants to be believed. */
async function replace(root: string, file: string, content: Buffer | string): Promise<void> {
  await writeFile(inIris(root, file), content);
  const promise = { sha256: sha256(content), size_bytes: Buffer.byteLength(content) };
  await changeManifest(root, 'iris', (manifest) => {
    Object.assign(manifest.files.find((one) => one.path === file) ?? {}, promise);
  });
}

interface Broken {
  readonly what: string;
  readonly breaks: (root: string) => Promise<void>;
  readonly says: RegExp;
}

const SEEN_BY_BOTH: Broken[] = [
  {
    what: 'a baseline that is missing',
    breaks: (root) => rm(inIris(root, 'baseline.json')),
    says: /^Model file iris\/1\.0\.0\/baseline\.json: is missing$/,
  },
  {
    what: 'golden examples that were changed',
    breaks: async (root) => {
      const text = await readFile(inIris(root, 'golden.jsonl'), 'utf8');
      await writeFile(inIris(root, 'golden.jsonl'), text.replace('5.1', '5.2'));
    },
    says: /^Model file iris\/1\.0\.0\/golden\.jsonl: its SHA-256 is not the one its manifest promises/,
  },
  {
    what: 'a manifest that is no JSON',
    breaks: (root) => writeFile(inIris(root, 'manifest.json'), '{"name": "iris",'),
    says: /^Model file iris\/1\.0\.0\/manifest\.json: is not JSON$/,
  },
  {
    what: 'a manifest without a title',
    breaks: (root) => changeManifest(root, 'iris', (manifest) => Reflect.deleteProperty(manifest, 'title')),
    says: /^Model file iris\/1\.0\.0\/manifest\.json: .*'title'/,
  },
  {
    what: 'a manifest of another model',
    breaks: (root) => changeManifest(root, 'iris', (manifest) => (manifest.name = 'lotus')),
    says: /^Model file iris\/1\.0\.0\/manifest\.json: \/name must be iris/,
  },
  {
    what: 'a file outside of its folder',
    breaks: (root) => changeManifest(root, 'iris', (manifest) => (manifest.files[1]!.path = '../../../etc/passwd')),
    says: /^Model file iris\/1\.0\.0\/manifest\.json: \/files\/1\/path/,
  },
];

const SEEN_BY_THE_WORKER: Broken[] = [
  {
    what: 'one flipped bit of the graph',
    breaks: async (root) => {
      const bytes = await readFile(inIris(root, 'model.onnx'));
      bytes[200] = bytes[200]! ^ 1;
      await writeFile(inIris(root, 'model.onnx'), bytes);
    },
    says: /^Model file iris\/1\.0\.0\/model\.onnx: its SHA-256 is not the one its manifest promises/,
  },
  {
    what: 'a graph that was cut off',
    breaks: (root) => truncate(inIris(root, 'model.onnx'), 100),
    says: /^Model file iris\/1\.0\.0\/model\.onnx: has 100 bytes/,
  },
  {
    what: 'a graph that is missing',
    breaks: (root) => rm(inIris(root, 'model.onnx')),
    says: /^Model file iris\/1\.0\.0\/model\.onnx: is missing$/,
  },
  {
    what: 'a graph that is none, with the right hash',
    breaks: (root) => replace(root, 'model.onnx', 'this is no graph'),
    says: /^Model file iris\/1\.0\.0\/model\.onnx: /,
  },
  {
    what: 'a manifest that names another input than the graph',
    breaks: (root) =>
      changeManifest(root, 'iris', (manifest) => {
        manifest.graph.inputs[0]!.name = 'measurements';
        for (const feature of manifest.inputs) feature.tensor = 'measurements';
      }),
    says: /^Model file iris\/1\.0\.0\/manifest\.json: .*(measurements|features)/,
  },
  {
    what: 'golden examples that the graph does not pass',
    breaks: async (root) => {
      const text = await readFile(inIris(root, 'golden.jsonl'), 'utf8');
      await replace(root, 'golden.jsonl', text.replace(/"score": 0\.\d+/, '"score": 0.5'));
    },
    says: /^Model file iris\/1\.0\.0\/golden\.jsonl: /,
  },
];

describe.each(SEEN_BY_BOTH)('$what', ({ breaks, says }) => {
  it('stops worker and API, which name the file and the rule', async () => {
    const root = await copyModels('iris');
    await breaks(root);
    const [worker, api] = await Promise.all([
      refusal('worker', { MODELS_DIR: root }),
      refusal('api', { MODELS_DIR: root }),
    ]);
    expect(worker).toMatch(says);
    expect(api).toBe(worker);
  });
});

describe.each(SEEN_BY_THE_WORKER)('$what', ({ breaks, says }) => {
  it('stops the worker, which names the file and the rule', async () => {
    const root = await copyModels('iris');
    await breaks(root);
    expect(await refusal('worker', { MODELS_DIR: root })).toMatch(says);
  });
});

it('a graph that is missing when an executor is replaced keeps the worker waiting, which says why, until it is back', async () => {
  const root = await copyModels('iris');
  const { api, worker } = await fleet.pair({ MODELS_DIR: root });
  const bytes = await readFile(inIris(root, 'model.onnx'));
  await rm(inIris(root, 'model.onnx'));
  process.kill(await worker.executor(), 'SIGKILL');
  const { reason } = await worker.line({ msg: 'an executor could not load its models' });
  expect(reason).toBe('Model file iris/1.0.0/model.onnx: is missing');
  const refused = (): Promise<number> => metric(worker.opsUrl, 'millrace_executor_deaths_total', { cause: 'refused' });
  await until(async () => (await refused()) > 0, { deadlineMs: 20_000, what: 'it to be counted' });
  await writeFile(inIris(root, 'model.onnx'), bytes);
  expect(await predict(api, IRIS)).toMatchObject({ status: 'succeeded', attempts: 1 });
  expect(worker.isOver).toBe(false);
});

it('an API without any graph serves: it describes models and runs none', async () => {
  const root = await copyModels('iris');
  await rm(inIris(root, 'model.onnx'));
  const api = await fleet.api({ MODELS_DIR: root });
  expect((await api.call('GET', '/v1/models')).json.results).toHaveLength(1);
});

describe('a setting that is wrong', () => {
  it.each([
    ['PORT', 'many', /^Setting PORT: /],
    ['REDIS_URL', '', /^Setting REDIS_URL: is missing/],
    ['MODELS_DIR', '/nowhere', /^Model file \.: the folder cannot be read/],
  ])('%s=%s stops the API, which names it', async (name, value, says) => {
    expect(await refusal('api', { [name]: value })).toMatch(says);
  });

  it('WORKER_MODELS names a model that is not there', async () => {
    expect(await refusal('worker', { WORKER_MODELS: 'iris,lotus' })).toMatch(
      /^Model file lotus: there is no such model/,
    );
  });

  it('a port that is taken stops the second, which says so', async () => {
    const port = String(await freePort());
    await fleet.api({ PORT: port });
    expect(await refusal('api', { PORT: port })).toMatch(/^The port is taken/);
  });
});
