/**
 * A version as the protocol sees it: tensors with names, datatypes and shapes; the first dimension of each is the rows.
 *
 * Every feature is an input tensor of its own. Where the graph takes several features as one tensor, that one is taken as
 * well, by the graph's name for it: its columns are the features, in the order of the manifest.
 */
import type { Feature, OutputSpec, TensorSpec } from '#domain/model-version';
import type { Manifest } from '#models/manifest';
import { type Datatype, datatypeOf, datatypeOfFeature } from './datatypes.js';

export interface TensorMetadata {
  readonly name: string;
  readonly datatype: Datatype;
  /** -1 where the size varies. */
  readonly shape: readonly number[];
}

/** Where a feature stands in a row of an input tensor. */
export interface Column {
  readonly feature: Feature;
  readonly offset: number;
  readonly size: number;
}

export interface InputTensor extends TensorMetadata {
  /** Elements a row. */
  readonly width: number;
  readonly columns: readonly Column[];
}

/** The name of the output that has the ids of the rows' predictions. */
export const PREDICTION_ID = 'prediction_id';

export class VersionTensors {
  /** One a feature: what metadata name. */
  readonly inputs: readonly InputTensor[];
  /** Several features each. */
  readonly packed: readonly InputTensor[];
  readonly outputs: readonly TensorMetadata[];
  readonly #byName: ReadonlyMap<string, InputTensor>;

  constructor(readonly manifest: Manifest) {
    const { graph, inputs: features } = manifest;
    const types = new Map(graph.inputs.map(({ name, datatype }) => [name, datatype]));
    this.inputs = features.map((feature) => {
      const size = sizeOf(feature);
      const datatype = datatypeOfFeature(feature, types.get(feature.tensor) ?? 'float32');
      const shape = [-1, ...(feature.shape ?? [1])];
      return { name: feature.name, datatype, shape, width: size, columns: [{ feature, offset: 0, size }] };
    });
    const names = new Set(features.map(({ name }) => name));
    this.packed = graph.inputs.filter(({ name }) => !names.has(name)).map((spec) => packedTensor(spec, features));
    this.outputs = outputsOf(manifest.outputs, new Map(graph.outputs.map((tensor) => [tensor.name, tensor])));
    this.#byName = new Map([...this.packed, ...this.inputs].map((tensor) => [tensor.name, tensor]));
  }

  input(name: string): InputTensor | undefined {
    return this.#byName.get(name);
  }

  get inputNames(): readonly string[] {
    return [...this.inputs, ...this.packed].map(({ name }) => name);
  }
}

export function metadataOf({ name, datatype, shape }: TensorMetadata): TensorMetadata {
  return { name, datatype, shape };
}

function packedTensor({ name, datatype, shape }: TensorSpec, features: readonly Feature[]): InputTensor {
  let width = 0;
  const columns: Column[] = [];
  for (const feature of features) {
    if (feature.tensor !== name) continue;
    const size = sizeOf(feature);
    columns.push({ feature, offset: width, size });
    width += size;
  }
  return { name, datatype: datatypeOf(datatype), shape: [-1, ...shape.slice(1)], width, columns };
}

function sizeOf({ shape = [] }: Feature): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

const ID_TENSOR: TensorMetadata = { name: PREDICTION_ID, datatype: 'BYTES', shape: [-1, 1] };

function outputsOf(outputs: OutputSpec, graph: ReadonlyMap<string, TensorSpec>): TensorMetadata[] {
  const datatypeIn = (tensor: string): Datatype => datatypeOf(graph.get(tensor)?.datatype ?? 'float32');
  switch (outputs.task) {
    case 'classification': {
      const datatype = datatypeIn(outputs.tensor);
      return [
        { name: 'label', datatype: 'BYTES', shape: [-1, 1] },
        { name: 'score', datatype, shape: [-1, 1] },
        { name: 'probabilities', datatype, shape: [-1, outputs.labels.length] },
        ID_TENSOR,
      ];
    }
    case 'regression':
      return [{ name: 'value', datatype: datatypeIn(outputs.tensor), shape: [-1, 1] }, ID_TENSOR];
    case 'tensor':
      return [
        ...outputs.tensors.map(({ name }) => {
          const shape = [-1, ...(graph.get(name)?.shape.slice(1) ?? [])];
          return { name, datatype: datatypeIn(name), shape };
        }),
        ID_TENSOR,
      ];
  }
}
