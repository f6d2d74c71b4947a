/** The datatypes of the Open Inference Protocol, and what JSON may say for an element of each. */
import type { Feature, FeatureType, TensorType } from '#domain/model-version';

const NAMES = {
  bool: 'BOOL',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  float32: 'FP32',
  float64: 'FP64',
  string: 'BYTES',
} as const satisfies Readonly<Record<TensorType, string>>;

export const DATATYPES = [...Object.values(NAMES), 'FP16'] as const;
export type Datatype = (typeof DATATYPES)[number];

export function datatypeOf(type: TensorType): Datatype {
  return NAMES[type];
}

/** What a tensor of this feature alone has, where the graph takes it as `type`. */
export function datatypeOfFeature({ type }: Feature, tensor: TensorType): Datatype {
  switch (type) {
    case 'number':
      return NAMES[tensor];
    case 'integer':
      return /int/.test(tensor) ? NAMES[tensor] : 'INT64';
    case 'boolean':
      return 'BOOL';
    case 'category':
    case 'string':
      return 'BYTES';
  }
}

/** 64-bit integers beyond these are not numbers that JSON can say exactly. */
const SAFE = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER] as const;
const WHOLE: Readonly<Partial<Record<Datatype, readonly [least: number, most: number]>>> = {
  UINT8: [0, 0xff],
  UINT16: [0, 0xffff],
  UINT32: [0, 0xffff_ffff],
  UINT64: [0, SAFE[1]],
  INT8: [-0x80, 0x7f],
  INT16: [-0x8000, 0x7fff],
  INT32: [-0x8000_0000, 0x7fff_ffff],
  INT64: SAFE,
};

/** Whether a tensor of this datatype can fill a feature. Numbers are numbers, and 0 and 1 are as good as false and true. */
export function fits(datatype: Datatype, type: FeatureType): boolean {
  switch (type) {
    case 'number':
    case 'integer':
      return datatype !== 'BOOL' && datatype !== 'BYTES';
    case 'boolean':
      return datatype !== 'BYTES';
    case 'category':
    case 'string':
      return datatype === 'BYTES';
  }
}

/** @returns why the value is not an element of this datatype, or null; a null is a missing value, whatever the datatype */
export function elementProblem(datatype: Datatype, value: unknown): string | null {
  if (value === null) return null;
  if (datatype === 'BYTES') return typeof value === 'string' ? null : 'must be a string, as its datatype BYTES says';
  if (datatype === 'BOOL') {
    const isBool = typeof value === 'boolean' || value === 0 || value === 1;
    return isBool ? null : 'must be true or false, as its datatype BOOL says';
  }
  if (typeof value !== 'number') return `must be a number, as its datatype ${datatype} says`;
  const [least, most] = WHOLE[datatype] ?? [];
  if (least === undefined || most === undefined) return null;
  const isWhole = Number.isInteger(value) && value >= least && value <= most;
  return isWhole ? null : `must be a whole number from ${least} to ${most}, as its datatype ${datatype} says`;
}

/** An element as an input has it. What is neither 0 nor 1 stays, and breaks the rule of its field. */
export function valueOf(type: FeatureType, element: unknown): unknown {
  if (type === 'boolean' && (element === 0 || element === 1)) return element === 1;
  return element;
}
