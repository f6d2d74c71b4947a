/**
 * Gathers single predictions, whichever envelope they came in, into micro-batches of one version.
 *
 * There is no timer. An idle executor takes what is there, so a lone prediction never waits; while a micro-batch runs,
 * the next one gathers, so the size grows with the load by itself. Between versions it takes turns, the one that has
 * waited longest first.
 */
import type { Input, VersionId } from '#domain/model-version';
import type { Outcome } from '#domain/outcome';

/** One prediction that waits to run. Exactly one of its endings is called, once. */
export interface PendingPrediction {
  readonly versionId: VersionId;
  readonly input: Input;
  /** True once a mark was set: it is dropped when its micro-batch would form. */
  isDropped(): boolean;
  /** The micro-batch it is in begins to run. */
  onStarted(atMs: number): void;
  settle(outcome: Outcome): void;
}

export class DynamicBatcher {
  /** Insertion order is the order in which versions began to wait. */
  readonly #waiting = new Map<VersionId, PendingPrediction[]>();
  #size = 0;

  /** @param maxBatchSize rows that a micro-batch of the version may hold */
  constructor(private readonly maxBatchSize: (versionId: VersionId) => number) {}

  /** Predictions that wait. */
  get size(): number {
    return this.#size;
  }

  add(predictions: readonly PendingPrediction[]): void {
    for (const prediction of predictions) this.#queueOf(prediction.versionId).push(prediction);
    this.#size += predictions.length;
  }

  /** Puts back, in front, what an executor was given and did not begin. */
  putBack(predictions: readonly PendingPrediction[]): void {
    for (const prediction of predictions.toReversed()) this.#queueOf(prediction.versionId).unshift(prediction);
    this.#size += predictions.length;
  }

  /**
   * Takes the next micro-batch; what was marked meanwhile is settled as dropped on the way.
   * @returns at least one prediction of one version, or null where nothing waits
   */
  take(): PendingPrediction[] | null {
    for (const [versionId, queue] of this.#waiting) {
      const batch = this.#takeFrom(queue, this.maxBatchSize(versionId));
      // The version goes to the back of the line, or out of it.
      this.#waiting.delete(versionId);
      if (queue.length > 0) this.#waiting.set(versionId, queue);
      if (batch.length > 0) return batch;
    }
    return null;
  }

  #takeFrom(queue: PendingPrediction[], limit: number): PendingPrediction[] {
    const batch: PendingPrediction[] = [];
    let taken = 0;
    while (batch.length < limit && taken < queue.length) {
      const prediction = queue[taken++];
      if (prediction === undefined) break;
      if (prediction.isDropped()) prediction.settle({ kind: 'dropped' });
      else batch.push(prediction);
    }
    queue.splice(0, taken);
    this.#size -= taken;
    return batch;
  }

  #queueOf(versionId: VersionId): PendingPrediction[] {
    let queue = this.#waiting.get(versionId);
    if (queue === undefined) this.#waiting.set(versionId, (queue = []));
    return queue;
  }
}
