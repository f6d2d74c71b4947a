/**
 * What a model version promises about its inputs and outputs.
 *
 * A version is an immutable set of files. People know it by its label (`1.0.0`), machines by its id: the SHA-256 of
 * `manifest.json`, which in turn names the SHA-256 of every other file.
 */

/** 64 lower-case hex digits: SHA-256 of the bytes of `manifest.json`. */
export type VersionId = string;

/** Which version, where it is, and that it is still the same: its folder is `<name>/<label>`. */
export interface VersionFolder {
  readonly id: VersionId;
  readonly name: string;
  readonly label: string;
}

export type FeatureType = 'number' | 'integer' | 'boolean' | 'category' | 'string';

/** How a missing value of a nullable feature reaches the graph. */
export interface MissingValuePolicy {
  /** `nan`: a null becomes NaN and the graph imputes; `constant`: a null becomes `value` before the graph. */
  readonly policy: 'nan' | 'constant';
  readonly value?: number | string | boolean;
  /** In words, for people: what the graph then does. */
  readonly description: string;
}

/** One field of a prediction's `input`, in the order in which the features fill their tensor. */
export interface Feature {
  readonly name: string;
  readonly type: FeatureType;
  /** Absent for a scalar; `[64]` for a flat list of 64 numbers, row by row. */
  readonly shape?: readonly number[];
  /** The graph's input that this feature becomes a part of. */
  readonly tensor: string;
  /** In words: `cm`, `mg/dL`, `grey level 0 to 16`; null where the feature has no unit. */
  readonly unit: string | null;
  readonly description: string;
  readonly required: boolean;
  readonly nullable: boolean;
  readonly missing?: MissingValuePolicy;
  /** Inclusive bounds; they hold for every element where the feature has a shape. */
  readonly minimum?: number;
  readonly maximum?: number;
  /** The closed list of a `category`. */
  readonly categories?: readonly string[];
  readonly example: unknown;
  /** Redacted wherever operators look at inputs. */
  readonly sensitive: boolean;
}

export type TensorType =
  | 'float32'
  | 'float64'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'
  | 'string';

/** A tensor as the graph declares it; the first dimension is the batch, -1. */
export interface TensorSpec {
  readonly name: string;
  readonly datatype: TensorType;
  readonly shape: readonly number[];
}

/** What the graph's outputs mean. */
export type OutputSpec =
  | {
      readonly task: 'classification';
      /** Graph output of shape [-1, labels]: one probability a label. */
      readonly tensor: string;
      readonly labels: readonly string[];
      readonly score: string;
    }
  | {
      readonly task: 'regression';
      /** Graph output of shape [-1, 1] or [-1]. */
      readonly tensor: string;
      readonly unit: string | null;
      readonly description: string;
    }
  | {
      readonly task: 'tensor';
      readonly tensors: readonly { readonly name: string; readonly description: string }[];
    };

export type Task = OutputSpec['task'];

/** One prediction's input: features by name, as the client sent them. */
export type Input = Readonly<Record<string, unknown>>;

export interface ClassificationOutput {
  readonly label: string;
  /** The probability of `label`, 0 to 1. */
  readonly score: number;
  /** One probability per label; they sum to one. */
  readonly probabilities: Readonly<Record<string, number>>;
}
export interface RegressionOutput {
  readonly value: number;
}
export type TensorOutput = Readonly<Record<string, unknown>>;
export type Output = ClassificationOutput | RegressionOutput | TensorOutput;
