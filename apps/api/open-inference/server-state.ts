/** What the server says of itself and of its models to clients of the Open Inference Protocol. */
import { notFound } from '#contract/problem';
import type { ModelVersion } from '#models/repository';
import type { Readiness } from '#process/operations.module';
import type { FleetView } from '../fleet-view.js';
import type { ModelCatalogue } from '../model-catalogue.js';
import { metadataOf, VersionTensors } from './version-tensors.js';

export interface ServerStateParts {
  readonly catalogue: ModelCatalogue;
  readonly fleet: Pick<FleetView, 'workers' | 'serves'>;
  readonly readiness: Readiness;
  /** Of this release. */
  readonly release: string;
}

const PLATFORM = 'onnx_onnxv1';
/** Names of what goes beyond the protocol; the protocol defines none. */
const EXTENSIONS = ['respond_async'];

export class ServerState {
  readonly #tensors = new Map<string, VersionTensors>();

  constructor(private readonly parts: ServerStateParts) {}

  get metadata(): object {
    return { name: 'millrace', version: this.parts.release, extensions: EXTENSIONS };
  }

  /** This process can work, and every model has a live worker. */
  async isReady(): Promise<boolean> {
    const { catalogue, fleet, readiness } = this.parts;
    if (!catalogue.repository.names().every((name) => fleet.serves(name))) return false;
    return Object.values(await readiness.check()).every(({ status }) => status === 'up');
  }

  /** A live worker has loaded it. */
  isModelReady({ id }: ModelVersion): boolean {
    return this.parts.fleet.workers.some(({ versions }) => versions.some((served) => served.id === id));
  }

  /**
   * @param version its label or its id; null for the latest
   * @throws ProblemError 404
   */
  version(name: string, version: string | null): ModelVersion {
    const { repository } = this.parts.catalogue;
    const versions = repository.versions(name);
    if (versions.length === 0) {
      throw notFound(`There is no model ${name}. The models are ${repository.names().join(', ')}.`);
    }
    const found =
      version === null ? versions[0] : versions.find(({ id, label }) => id === version || label === version);
    if (found !== undefined) return found;
    throw notFound(`${name} has no version ${version ?? ''}. Its versions are ${labelsOf(versions).join(', ')}.`);
  }

  tensors({ id, manifest }: ModelVersion): VersionTensors {
    const known = this.#tensors.get(id);
    if (known !== undefined) return known;
    const made = new VersionTensors(manifest);
    this.#tensors.set(id, made);
    return made;
  }

  describe(version: ModelVersion): object {
    const { name, manifest } = version;
    const { inputs, packed, outputs } = this.tensors(version);
    const properties: Record<string, string> = { title: manifest.title, task: manifest.task };
    for (const tensor of packed) {
      const columns = tensor.columns.map(({ feature }) => feature.name).join(', ');
      properties[`packed_input ${tensor.name}`] = `${tensor.datatype} [${tensor.shape.join(', ')}]: ${columns}`;
    }
    return {
      name,
      versions: labelsOf(this.parts.catalogue.repository.versions(name)),
      platform: PLATFORM,
      inputs: inputs.map(metadataOf),
      outputs: outputs.map(metadataOf),
      properties,
    };
  }
}

function labelsOf(versions: readonly ModelVersion[]): string[] {
  return versions.map(({ label }) => label);
}
