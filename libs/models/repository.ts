/**
 * The model repository: `models/<name>/<label>/`, read and verified at start. Later additions to the folder are
 * ignored: an executor that is replaced opens the versions that its worker knows.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { VersionFolder, VersionId } from '#domain/model-version';
import { parseGolden, type GoldenExample } from './golden.js';
import { ModelIntegrityError, ModelsFolderError, readModelFile, sha256, UnknownModelError, verifyBytes } from './integrity.js';
import { compileInputValidator } from './input-validator.js';
import { compareLabels } from './labels.js';
import { ManifestError, parseManifest, type Manifest } from './manifest.js';

export interface ModelVersion extends VersionFolder {
  readonly owner: string;
  /** Absolute folder of the version's files. */
  readonly directory: string;
  readonly manifest: Manifest;
  readonly golden: readonly GoldenExample[];
  /** `baseline.json` as it stands: what the training data looked like. */
  readonly baseline: unknown;
}

export interface OpenOptions {
  /**
   * `every-file` is for who runs the graph; `all-but-graph` for who only describes it and may not have it on disk.
   */
  readonly verify: 'every-file' | 'all-but-graph';
  /** Names of the models to read; null reads all. */
  readonly only?: readonly string[] | null;
}

export class ModelRepository {
  readonly #byId = new Map<VersionId, ModelVersion>();
  readonly #byName = new Map<string, ModelVersion[]>();

  constructor(versions: readonly ModelVersion[]) {
    for (const version of versions) {
      this.#byId.set(version.id, version);
      const others = this.#byName.get(version.name) ?? [];
      this.#byName.set(
        version.name,
        [...others, version].sort((a, b) => compareLabels(b.label, a.label)),
      );
    }
  }

  /** Model names in alphabetical order. */
  names(): string[] {
    return [...this.#byName.keys()].sort();
  }

  /** A model's versions, highest label first; empty for an unknown name. */
  versions(name: string): readonly ModelVersion[] {
    return this.#byName.get(name) ?? [];
  }

  all(): ModelVersion[] {
    return this.names().flatMap((name) => this.versions(name));
  }

  latest(name: string): ModelVersion | undefined {
    return this.versions(name)[0];
  }

  byId(id: VersionId): ModelVersion | undefined {
    return this.#byId.get(id);
  }

  /**
   * What a client may write as `version`: an id of 64 hex digits, `name` (its highest label), `name:label`,
   * `owner/name`, `owner/name:label` or `owner/name:id`.
   * @returns undefined where nothing has that name
   */
  resolve(reference: string): ModelVersion | undefined {
    const known = this.#byId.get(reference) ?? this.latest(reference);
    if (known !== undefined) return known;
    const match = /^(?:([a-z][a-z0-9-]*)\/)?([a-z][a-z0-9-]*)(?::([0-9A-Za-z.-]+))?$/.exec(reference);
    if (match === null) return undefined;
    const [, owner, name = '', pin] = match;
    const versions = this.versions(name).filter((version) => owner === undefined || version.owner === owner);
    if (pin === undefined) return versions[0];
    return versions.find((version) => version.label === pin || version.id === pin);
  }
}

/**
 * Reads every version below `root`.
 * @throws ModelIntegrityError for the first file that breaks a rule
 * @throws UnknownModelError for a name in `only` that no model has
 */
export async function openRepository(root: string, options: OpenOptions): Promise<ModelRepository> {
  const only = options.only ?? null;
  const known = (await folders(root, '')).sort();
  if (known.length === 0) throw new ModelsFolderError(root, 'holds no model');
  const missing = only?.find((name) => !known.includes(name));
  if (missing !== undefined) throw new UnknownModelError(missing, known);
  const names = known.filter((name) => only === null || only.includes(name));
  const versions: ModelVersion[] = [];
  for (const name of names) {
    for (const label of await folders(root, name)) versions.push(await readVersion(root, name, label, options));
  }
  if (versions.length === 0) throw new ModelsFolderError(root, 'holds no model');
  return new ModelRepository(versions);
}

/**
 * Reads and verifies every file of these versions again, and looks at nothing else below `root`.
 * @throws ModelIntegrityError for the first file that breaks a rule, or is not of the version any more
 */
export async function openVersions(root: string, wanted: readonly VersionFolder[]): Promise<ModelVersion[]> {
  const versions: ModelVersion[] = [];
  for (const { id, name, label } of wanted) {
    const version = await readVersion(root, name, label, { verify: 'every-file' });
    if (version.id !== id)
      throw new ModelIntegrityError(`${name}/${label}/manifest.json`, 'is not the one that the worker has read');
    versions.push(version);
  }
  return versions;
}

async function folders(root: string, below: string): Promise<string[]> {
  try {
    const entries = await readdir(path.join(root, below), { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map((entry) => entry.name);
  } catch (error) {
    if (below !== '') throw new ModelIntegrityError(below, 'the folder cannot be read');
    throw new ModelsFolderError(root, `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`);
  }
}

async function readVersion(root: string, name: string, label: string, options: OpenOptions): Promise<ModelVersion> {
  const below = `${name}/${label}`;
  const manifestFile = `${below}/manifest.json`;
  const bytes = await readModelFile(root, manifestFile);
  const manifest = readManifest(manifestFile, bytes.toString('utf8'));
  if (manifest.name !== name) throw new ModelIntegrityError(manifestFile, `/name must be ${name}, as its folder says`);
  if (manifest.version !== label) {
    throw new ModelIntegrityError(manifestFile, `/version must be ${label}, as its folder says`);
  }
  const texts = await verifyFiles(root, below, manifest, options.verify);
  return {
    id: sha256(bytes),
    owner: manifest.owner,
    name,
    label,
    directory: path.join(root, below),
    manifest,
    golden: readGolden(below, manifest, needed(texts, below, 'golden.jsonl')),
    baseline: parseBaseline(`${below}/baseline.json`, needed(texts, below, 'baseline.json')),
  };
}

function readManifest(file: string, text: string): Manifest {
  try {
    return parseManifest(text);
  } catch (error) {
    if (error instanceof ManifestError) throw new ModelIntegrityError(file, error.rule);
    throw error;
  }
}

/** What is shown as an example, and what is compared at start, are inputs that the model takes. */
function readGolden(below: string, manifest: Manifest, text: string): GoldenExample[] {
  const file = `${below}/golden.jsonl`;
  const golden = parseGolden(file, text);
  const validate = compileInputValidator(manifest);
  const [wrong] = validate(Object.fromEntries(manifest.inputs.map(({ name, example }) => [name, example])));
  if (wrong !== undefined) {
    const [, name = '', ...inner] = wrong.pointer.split('/');
    const index = manifest.inputs.findIndex((feature) => feature.name === name);
    const pointer = ['/inputs', index, 'example', ...inner].join('/');
    throw new ModelIntegrityError(`${below}/manifest.json`, `${pointer} ${wrong.detail}`);
  }
  for (const [index, { input }] of golden.entries()) {
    const [error] = validate(input);
    if (error !== undefined) {
      throw new ModelIntegrityError(file, `line ${index + 1}: /input${error.pointer} ${error.detail}`);
    }
  }
  return golden;
}

function parseBaseline(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ModelIntegrityError(file, 'is not JSON');
  }
}

/** Checks each listed file; keeps the text of the small ones. */
async function verifyFiles(
  root: string,
  below: string,
  manifest: Manifest,
  verify: OpenOptions['verify'],
): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const promised of manifest.files) {
    const isText = promised.path.endsWith('.json') || promised.path.endsWith('.jsonl');
    if (verify === 'all-but-graph' && !isText) continue;
    const file = `${below}/${promised.path}`;
    const bytes = await readModelFile(root, file);
    verifyBytes(file, bytes, promised);
    if (isText) texts.set(promised.path, bytes.toString('utf8'));
  }
  return texts;
}

function needed(texts: Map<string, string>, below: string, name: string): string {
  const text = texts.get(name);
  if (text === undefined) throw new ModelIntegrityError(`${below}/manifest.json`, `/files must list ${name}`);
  return text;
}
