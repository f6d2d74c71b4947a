/**
 * Waits for a prediction to end, on behalf of a caller.
 *
 * The fast way: this process enqueued the envelope, and the worker's message carries the outcome. The sure way: read.
 * A message may be lost, so everybody who waits also reads every two seconds.
 */
import { type TextPrediction, withOutput } from '#contract/prediction-text';
import type { NewSuccess } from '#domain/outcome';
import type { Submission } from '#domain/prediction';
import { parsePredictionId, type PredictionAddress } from '#domain/prediction-id';
import { GONE, type JobRow, project } from '#domain/project';
import type { Completions, Notice } from '#queue/completions';
import type { EnvelopeReader, Found } from '#queue/envelope-reader';
import type { Accepted } from './accept-prediction.js';
import { Bell } from './bell.js';
import type { Place } from './own-predictions.js';
import { isOver, jobsOf, untilDeadline } from './waiting-on.js';

const READ_EVERY_MS = 2_000;

/** What the message of its worker says: the output is still the JSON that stands there. */
export interface Heard {
  readonly heard: TextPrediction;
}

export function isHeard(found: Found | Heard): found is Heard {
  return typeof found === 'object' && 'heard' in found;
}

/** True once the caller has hung up: nobody waits any more. */
export type IsGone = () => boolean;

/** Hears of a row's end from before its envelope is sent. */
export class EarlyEar {
  #notice: Notice | null = null;
  #wake: (() => void) | null = null;
  #stop: () => void = () => undefined;
  #timer: NodeJS.Timeout | null = null;

  listen(completions: Completions, envelopeId: string, row: number): void {
    this.#stop = completions.onRow(envelopeId, row, (notice) => {
      // A mark is terminal at once; an end that comes after it changes nothing.
      if (this.#notice?.kind !== 'marked') this.#notice = notice;
      this.#wake?.();
    });
  }

  /** @returns what was heard, or null when the time is over */
  async hear(timeoutMs: number): Promise<Notice | null> {
    if (this.#notice === null) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#timer = setTimeout(resolve, timeoutMs);
      });
      if (this.#timer !== null) clearTimeout(this.#timer);
    }
    return this.#notice;
  }

  close(): void {
    this.#stop();
    this.#wake?.();
  }
}

export class AwaitPrediction {
  readonly #waiting = new Set<() => void>();
  /** Waiting is over: the process wants to end. */
  #released = false;

  constructor(
    private readonly completions: Completions,
    private readonly reader: EnvelopeReader,
  ) {}

  #isReleased(): boolean {
    return this.#released;
  }

  /** Callers that wait are answered as things stand, so that the process can end. */
  releaseAll(): void {
    this.#released = true;
    for (const release of this.#waiting) release();
  }

  /** The same as `hearAccepted`, with the output read. */
  async awaitAccepted(accepted: Accepted, ear: EarlyEar, timeoutMs: number, isGone: IsGone): Promise<Found> {
    const found = await this.hearAccepted(accepted, ear, timeoutMs, isGone);
    return isHeard(found) ? withOutput(found.heard) : found;
  }

  /** Waits for what has just been accepted; a repeated prediction was enqueued some time ago, by whichever process. */
  hearAccepted(
    { submission, replayed }: Accepted,
    ear: EarlyEar,
    timeoutMs: number,
    isGone: IsGone,
  ): Promise<Found | Heard> {
    const address = replayed ? parsePredictionId(submission.id) : null;
    return address === null
      ? this.#hearOwn(submission, ear, timeoutMs, isGone)
      : this.awaitAny({ model: submission.model, address }, timeoutMs, isGone);
  }

  /** Waits for a prediction that this process has just enqueued. */
  async #hearOwn(submission: Submission, ear: EarlyEar, timeoutMs: number, isGone: IsGone): Promise<Found | Heard> {
    const deadline = Date.now() + timeoutMs;
    const release = (): void => ear.close();
    this.#waiting.add(release);
    try {
      const notice = this.#isReleased() ? null : await ear.hear(Math.min(timeoutMs, READ_EVERY_MS));
      const heard = notice === null ? null : interpret(submission, notice);
      if (heard !== null) return { heard };
    } finally {
      this.#waiting.delete(release);
      ear.close();
    }
    const address = parsePredictionId(submission.id);
    if (address === null) return 'unknown';
    return this.awaitAny({ model: submission.model, address }, Math.max(0, deadline - Date.now()), isGone);
  }

  /** Waits for any prediction, whoever enqueued it. */
  async awaitAny({ model, address }: Place, timeoutMs: number, isGone: IsGone): Promise<Found> {
    const deadline = Date.now() + timeoutMs;
    let found = await this.reader.readUpToDate(model, address);
    if (isOver(found) || timeoutMs <= 0 || this.#isReleased()) return found;
    const bell = new Bell();
    const stops = this.#listen(model, address, bell);
    this.#waiting.add(bell.ring);
    try {
      for (;;) {
        const left = deadline - Date.now();
        if (isOver(found) || left <= 0 || this.#isReleased() || isGone()) return found;
        await bell.rung(Math.min(left, READ_EVERY_MS, untilDeadline(found)));
        found = await this.reader.readUpToDate(model, address);
      }
    } finally {
      this.#waiting.delete(bell.ring);
      for (const stop of stops) stop();
    }
  }

  #listen(model: string, address: PredictionAddress, bell: Bell): (() => void)[] {
    return jobsOf(address).map((job) => this.completions.onJob(model, job, bell.ring));
  }
}

/**
 * A success in its first attempt is all that its message says. About everything else a message knows less than Redis:
 * when it began, how often it was tried.
 * @returns the ended prediction, or null where it has to be read
 */
function interpret(submission: Submission, notice: Notice): TextPrediction | null {
  if (notice.kind !== 'ended' || notice.success === null) return null;
  const standing = project(settledAtOnce(notice.endedAtMs, notice.success), null);
  return standing === GONE ? null : { submission, standing };
}

/** What is known of a row whose first attempt has settled it. */
function settledAtOnce(endedAtMs: number, { outputJson, run }: NewSuccess): JobRow<string> {
  return {
    startedAtMs: null,
    endedAtMs,
    failedReason: null,
    mark: null,
    outcome: { kind: 'succeeded', output: outputJson, run },
    attempts: 1,
    stalls: 0,
    deadlineAtMs: null,
  };
}
