const SMALLEST_NORMAL = 2 ** -126;

/**
 * The shortest decimal that is still the same float32: 0.1, not 0.10000000149011612. Half the bytes of an answer, and
 * the number people expect to see.
 *
 * @param value a finite number that came out of a float32 tensor
 */
export function shortestFloat32(value: number): number {
  const size = Math.abs(value);
  if (size <= 1) {
    // Most probabilities are found by this cheap rounding; the loop below formats text. Above one it would not do: seven
    // decimals are then more digits than the shortest form has.
    const rounded = Math.round(value * 1e7) / 1e7;
    if (Math.fround(rounded) === value) return rounded;
  }
  // Decimals of up to six digits are all different float32s, so fewer need not be tried, but for the subnormal.
  for (let digits = size < SMALLEST_NORMAL ? 1 : 6; digits < 9; digits += 1) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  // Nine significant digits always identify a float32 (IEEE 754, binary32).
  return Number(value.toPrecision(9));
}
