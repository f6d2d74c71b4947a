/** The whole numbers that a tensor can hold. Beyond them a typed array wraps around, and nobody would see it. */
import type { Feature, TensorType } from '#domain/model-version';

type Range = readonly [least: number, most: number];

const { MIN_SAFE_INTEGER: LEAST, MAX_SAFE_INTEGER: MOST } = Number;
const RANGES: Readonly<Partial<Record<TensorType, Range>>> = {
  bool: [0, 1],
  int8: [-0x80, 0x7f],
  int16: [-0x8000, 0x7fff],
  int32: [-0x8000_0000, 0x7fff_ffff],
  int64: [LEAST, MOST],
  uint8: [0, 0xff],
  uint16: [0, 0xffff],
  uint32: [0, 0xffff_ffff],
  uint64: [0, MOST],
};

/** @returns null for a tensor of floats or texts */
export function integerRangeOf(type: TensorType | undefined): Range | null {
  return (type === undefined ? undefined : RANGES[type]) ?? null;
}

/** The feature with the bounds of its tensor where it has none of its own, and could go beyond them. */
export function withinTensor(feature: Feature, type: TensorType | undefined): Feature {
  const range = integerRangeOf(type);
  if (range === null || feature.type !== 'integer') return feature;
  const [least, most] = range;
  return {
    ...feature,
    ...(feature.minimum === undefined && least > LEAST ? { minimum: least } : {}),
    ...(feature.maximum === undefined && most < MOST ? { maximum: most } : {}),
  };
}
