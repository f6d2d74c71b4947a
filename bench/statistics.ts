/** Medians and their spread: everything here is measured several times, on a machine that may have other things to do. */

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** Number of samples. */
  readonly count: number;
}

/** @param samples at least one */
export function spreadOf(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
  return { median, least: at(0), most: at(sorted.length - 1), count: sorted.length };
}

/** The ratio of each round, so that what disturbs a whole round disturbs both sides of it. */
export function ratios(numerators: readonly number[], denominators: readonly number[]): number[] {
  return numerators.map((numerator, round) => numerator / (denominators[round] ?? Number.NaN));
}
