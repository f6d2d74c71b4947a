/** The models that ship, and copies of them that a test may spoil. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { projectRoot } from '#config/settings';
import type { Manifest } from '#models/manifest';
import { openRepository, type ModelRepository, type ModelVersion } from '#models/repository';

export const MODELS_DIR = path.join(projectRoot(), 'models');
export const SHIPPED = ['churn', 'diabetes', 'digits', 'iris'] as const;

/** Everything below may be changed. */
type Loose<T> = { -readonly [K in keyof T]: Loose<T[K]> };
export type LooseManifest = Loose<Manifest>;

export async function shippedModels(): Promise<ModelRepository> {
  return openRepository(MODELS_DIR, { verify: 'every-file' });
}

export async function shipped(name: string): Promise<ModelVersion> {
  const repository = await openRepository(MODELS_DIR, { verify: 'all-but-graph', only: [name] });
  const version = repository.latest(name);
  if (version === undefined) throw new Error(`No model ${name}`);
  return version;
}

/** A folder with copies of the named models, gone after the test. */
export async function copyModels(...names: readonly string[]): Promise<string> {
  const root = await mkdtemp(path.join(tmpdir(), 'millrace-models-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  for (const name of names) await cp(path.join(MODELS_DIR, name), path.join(root, name), { recursive: true });
  return root;
}

/** Has the model whose runs take as long as their input says. */
export const SLOW_MODELS_DIR = path.join(projectRoot(), 'training', 'fixtures', 'models');

/** A copy of that folder, whose manifest the test may change. */
export async function copySlowModel(change: (manifest: LooseManifest) => void = () => undefined): Promise<string> {
  const root = await mkdtemp(path.join(tmpdir(), 'millrace-models-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  await cp(SLOW_MODELS_DIR, root, { recursive: true });
  const file = path.join(root, 'slow', '1.0.0', 'manifest.json');
  const manifest = JSON.parse(await readFile(file, 'utf8')) as LooseManifest;
  change(manifest);
  await writeFile(file, JSON.stringify(manifest));
  return root;
}

export async function manifestText(name: string): Promise<string> {
  return readFile(path.join(MODELS_DIR, name, '1.0.0', 'manifest.json'), 'utf8');
}

/** A shipped manifest with one change. */
export async function changedManifest(name: string, change: (manifest: LooseManifest) => void): Promise<string> {
  const manifest = JSON.parse(await manifestText(name)) as LooseManifest;
  change(manifest);
  return JSON.stringify(manifest);
}

/** Writes the change into a copy of the models. */
export async function changeManifest(
  root: string,
  name: string,
  change: (manifest: LooseManifest) => void,
): Promise<void> {
  await writeFile(path.join(root, name, '1.0.0', 'manifest.json'), await changedManifest(name, change));
}
