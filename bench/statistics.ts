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

/** What ratios have in the middle: that of a ratio and its inverse is 1. */
export function geometricMean(ratios: readonly number[]): number {
  return Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
}

/**
 * Two samples between which the true median lies with at least 95 %, whatever their distribution: so rarely do nearly all
 * of them fall on one side of it (the sign test).
 * @param samples fewer than six are too few; then it is all of them
 */
export function medianInterval(samples: readonly number[]): { readonly from: number; readonly to: number } {
  const sorted = [...samples].sort((a, b) => a - b);
  const { length } = sorted;
  // Chance that at most `cut` of them fall below, times two for both sides.
  let [chance, ways, cut] = [2 * 0.5 ** length, 1, 0];
  while (chance <= 0.05) {
    cut += 1;
    ways = (ways * (length - cut + 1)) / cut;
    chance += 2 * ways * 0.5 ** length;
  }
  const outside = Math.max(0, cut - 1);
  return { from: sorted[outside] ?? Number.NaN, to: sorted[length - 1 - outside] ?? Number.NaN };
}
