/**
 * Gathers single predictions, whichever envelope they came in, into micro-batches of one version.
 *
 * There is no timer. An idle executor takes what is there, so a lone prediction never waits; while a micro-batch runs,
 * the next one gathers, so the size grows with the load by itself. Between versions it takes turns, the one that has
 * waited longest first.
 *
 * There are two lanes. Interactive predictions come first; rows of the bulk lane run in micro-batches of a few
 * milliseconds, so that nobody waits long behind one, and get at least one turn in ten, so that they do not starve.
 */
import type { Stages } from '#contract/executor-protocol';
import type { InputText } from '#contract/input-text';
import type { VersionId } from '#domain/model-version';
import type { NewOutcome } from '#domain/outcome';

export type Lane = 'interactive' | 'bulk';

/** One prediction that waits to run. `settle` is called exactly once. */
export interface PendingPrediction {
  readonly versionId: VersionId;
  readonly input: InputText;
  readonly lane: Lane;
  /** True once a mark was set: it is dropped when its micro-batch would form. */
  isDropped(): boolean;
  /** The micro-batch it is in begins to run. */
  onStarted(atMs: number): void;
  /** @param stages of its micro-batch, where it ran to its end */
  settle(outcome: NewOutcome, stages?: Stages): void;
}

/** Rows that a micro-batch of a version may hold. */
export interface BatchLimits {
  readonly interactive: (versionId: VersionId) => number;
  /** As many as run in the time that somebody may wait behind them. */
  readonly bulk: (versionId: VersionId) => number;
}

/**
 * Characters of input in a micro-batch, unless one prediction alone has more: what is larger gains nothing by company, and
 * must not come near what one message to an executor can hold.
 */
export const MOST_CHARACTERS = 16 * 1024 * 1024;
/** Turns that interactive micro-batches may take in a row while rows of the bulk lane wait. */
const MOST_IN_A_ROW = 9;

export class DynamicBatcher {
  readonly #lanes: Readonly<Record<Lane, WaitingLane>>;
  #interactiveInARow = 0;

  constructor(limits: BatchLimits) {
    this.#lanes = { interactive: new WaitingLane(limits.interactive), bulk: new WaitingLane(limits.bulk) };
  }

  /** Predictions that wait. */
  get size(): number {
    return this.#lanes.interactive.size + this.#lanes.bulk.size;
  }

  add(predictions: readonly PendingPrediction[]): void {
    for (const prediction of predictions) this.#lanes[prediction.lane].push(prediction);
  }

  /**
   * Puts back, in front of its lane and with the next turn of that lane, what an executor was given and did not end. What
   * was marked meanwhile is settled as dropped: it must not bring those that came later to the front.
   */
  putBack(predictions: readonly PendingPrediction[]): void {
    for (const prediction of predictions.toReversed()) {
      if (prediction.isDropped()) prediction.settle({ kind: 'dropped' });
      else this.#lanes[prediction.lane].unshift(prediction);
    }
  }

  /**
   * Takes the next micro-batch; what was marked meanwhile is settled as dropped on the way.
   * @returns at least one prediction of one version and lane, or null where nothing waits
   */
  take(): PendingPrediction[] | null {
    const { interactive, bulk } = this.#lanes;
    const isBulksTurn = this.#interactiveInARow >= MOST_IN_A_ROW && bulk.size > 0;
    const batch = isBulksTurn ? null : interactive.take();
    this.#interactiveInARow = batch === null ? 0 : this.#interactiveInARow + 1;
    return batch ?? bulk.take() ?? (isBulksTurn ? interactive.take() : null);
  }
}

class WaitingLane {
  /** Insertion order is the order in which versions began to wait. */
  #waiting = new Map<VersionId, VersionQueue>();
  size = 0;

  constructor(private readonly limit: (versionId: VersionId) => number) {}

  push(prediction: PendingPrediction): void {
    this.#queueOf(prediction.versionId).push(prediction);
    this.size += 1;
  }

  unshift(prediction: PendingPrediction): void {
    const { versionId } = prediction;
    const queue = this.#queueOf(versionId);
    queue.unshift(prediction);
    this.size += 1;
    // A key of a map stays where it first came.
    if (this.#waiting.keys().next().value !== versionId)
      this.#waiting = new Map([[versionId, queue], ...this.#waiting]);
  }

  take(): PendingPrediction[] | null {
    for (const [versionId, queue] of this.#waiting) {
      const batch = this.#takeFrom(queue, this.limit(versionId));
      // The version goes to the back of the line, or out of it.
      this.#waiting.delete(versionId);
      if (queue.length > 0) this.#waiting.set(versionId, queue);
      if (batch.length > 0) return batch;
    }
    return null;
  }

  #takeFrom(queue: VersionQueue, limit: number): PendingPrediction[] {
    const batch: PendingPrediction[] = [];
    let characters = 0;
    while (batch.length < limit) {
      const prediction = queue.first;
      if (prediction === undefined) break;
      const isDropped = prediction.isDropped();
      if (!isDropped) characters += prediction.input.length;
      if (characters > MOST_CHARACTERS && batch.length > 0) break;
      queue.shift();
      this.size -= 1;
      if (isDropped) prediction.settle({ kind: 'dropped' });
      else batch.push(prediction);
    }
    return batch;
  }

  #queueOf(versionId: VersionId): VersionQueue {
    let queue = this.#waiting.get(versionId);
    if (queue === undefined) this.#waiting.set(versionId, (queue = new VersionQueue()));
    return queue;
  }
}

/** First in, first out; taking one from an array of a thousand would move all the others. */
class VersionQueue {
  #items: (PendingPrediction | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  get first(): PendingPrediction | undefined {
    return this.#items[this.#head];
  }

  push(prediction: PendingPrediction): void {
    this.#items.push(prediction);
  }

  unshift(prediction: PendingPrediction): void {
    if (this.#head > 0) this.#items[(this.#head -= 1)] = prediction;
    else this.#items.unshift(prediction);
  }

  /** Takes the first. */
  shift(): void {
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head >= this.#items.length) {
      this.#items = [];
      this.#head = 0;
    }
  }
}
