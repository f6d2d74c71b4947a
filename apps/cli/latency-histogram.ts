/** Latencies of any number of requests in a fixed space: buckets that grow by one percent, so percentiles are right to 1 %. */
const GROWTH = Math.log(1.01);
const SMALLEST_MS = 0.01;
/** 0.01 ms to more than ten minutes. */
const BUCKETS = 1_800;

export class LatencyHistogram {
  readonly #buckets = new Uint32Array(BUCKETS);
  #count = 0;
  #largestMs = 0;

  add(ms: number): void {
    const index = Math.floor(Math.log(Math.max(ms, SMALLEST_MS) / SMALLEST_MS) / GROWTH);
    const bucket = Math.min(index, BUCKETS - 1);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#largestMs = Math.max(this.#largestMs, ms);
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Milliseconds within which this share of the requests was answered.
   * @param share 0 to 1
   * @returns 0 when nothing was added
   */
  percentile(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (const [index, count] of this.#buckets.entries()) {
      seen += count;
      if (seen < wanted) continue;
      // The upper edge of the bucket, but never more than was seen; the last bucket has no edge.
      return index === BUCKETS - 1
        ? this.#largestMs
        : Math.min(this.#largestMs, SMALLEST_MS * Math.exp((index + 1) * GROWTH));
    }
    return this.#largestMs;
  }
}
