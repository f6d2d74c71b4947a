/**
 * One inference request: its rows become predictions, as many as there are rows, and go the way of all predictions, through
 * the queue and into micro-batches.
 *
 * check every row -> accept all in one turn, so that they share envelopes -> wait -> one answer for all of them.
 */
import { problem, ProblemError } from '#contract/problem';
import { categoryOf } from '#domain/failure';
import { isTerminal, NOT_STARTED, type Prediction, type Standing } from '#domain/prediction';
import { parsePredictionId } from '#domain/prediction-id';
import type { Input } from '#domain/model-version';
import type { ModelVersion } from '#models/repository';
import type { Completions } from '#queue/completions';
import type { Found } from '#queue/envelope-reader';
import type { PlacedListener } from '#queue/envelope-writer';
import type { ApiMetrics } from '#telemetry/metrics';
import type { Accepted, AcceptOptions, AcceptPrediction } from '../accept-prediction.js';
import { type AwaitPrediction, EarlyEar, type IsGone } from '../await-prediction.js';
import type { CancelPrediction } from '../cancel-prediction.js';
import type { ModelCatalogue } from '../model-catalogue.js';
import { MOST_NAMED, wrongTensors } from './infer-request.js';
import type { Rows } from './read-rows.js';
import type { Answered } from './write-outputs.js';

export interface InferParts {
  readonly accept: AcceptPrediction;
  readonly await: AwaitPrediction;
  readonly cancel: CancelPrediction;
  readonly completions: Completions;
  readonly catalogue: ModelCatalogue;
  readonly metrics: ApiMetrics;
}

export interface InferOptions extends Omit<AcceptOptions, 'repeat' | 'onPlaced'> {
  readonly idempotencyKey: string | null;
  /** Somebody will wait for the rows: their ends are told as soon as they come. */
  readonly isAwaited: boolean;
}

/** A row in the queue. */
export interface Row {
  readonly accepted: Accepted;
  readonly ear: EarlyEar;
}

export class Infer {
  constructor(private readonly parts: InferParts) {}

  /** @throws ProblemError 422 that names the elements of the request */
  check(version: ModelVersion, rows: Rows): void {
    const errors = [];
    for (const [row, input] of rows.inputs.entries()) {
      for (const error of this.parts.catalogue.check(version, input)) {
        // A tensor that is missing is missing in every row.
        if (error.code !== 'missing_field' || row === 0) errors.push(rows.locate(row, error));
      }
      if (errors.length > MOST_NAMED) break;
    }
    if (errors.length > 0) throw wrongTensors(errors);
  }

  /** @throws ProblemError, QueueUnavailableError, QueueFullError */
  async accept(version: ModelVersion, inputs: readonly Input[], options: InferOptions): Promise<Row[]> {
    const ears = inputs.map(() => new EarlyEar());
    try {
      return await Promise.all(
        inputs.map((input, i) => this.#acceptRow(version, input, i, ears[i] as EarlyEar, options)),
      );
    } catch (error) {
      for (const ear of ears) ear.close();
      throw error;
    }
  }

  /** Where each row stands when all have ended, or when the time is over. */
  async await(rows: readonly Row[], timeoutMs: number, isGone: IsGone): Promise<Prediction[]> {
    const { metrics, await: waiting } = this.parts;
    return Promise.all(
      rows.map(async ({ accepted, ear }) => {
        const { model, createdAtMs } = accepted.submission;
        const found = await waiting.awaitAccepted(accepted, ear, timeoutMs, isGone);
        metrics.endToEndSeconds.observe({ model }, (Date.now() - createdAtMs) / 1_000);
        return requireKept(found);
      }),
    );
  }

  /** Where each row stands now. */
  async current(rows: readonly Row[]): Promise<Prediction[]> {
    return Promise.all(
      rows.map(async ({ accepted }) =>
        accepted.replayed
          ? requireKept(await this.parts.await.awaitAccepted(accepted, new EarlyEar(), 0, () => true))
          : { submission: accepted.submission, standing: NOT_STARTED },
      ),
    );
  }

  /** Nobody waits for them any more: what has not run does not. */
  async giveUp(predictions: readonly Prediction[]): Promise<void> {
    const open = predictions.filter(({ standing }) => !isTerminal(standing.status));
    await Promise.allSettled(
      open.map(async ({ submission: { id, model } }) => {
        const address = parsePredictionId(id);
        if (address !== null) await this.parts.cancel.cancel(model, address);
      }),
    );
  }

  async #acceptRow(
    version: ModelVersion,
    input: Input,
    row: number,
    ear: EarlyEar,
    { idempotencyKey, isAwaited, ...options }: InferOptions,
  ): Promise<Row> {
    const onPlaced: PlacedListener = (envelopeId, place) => ear.listen(this.parts.completions, envelopeId, place);
    const accepted = await this.parts.accept.accept(
      { version: version.id, input },
      {
        ...options,
        // Keys of clients have no space in them.
        repeat: idempotencyKey === null ? null : { kind: 'idempotency_key', text: `${idempotencyKey} infer ${row}` },
        onPlaced: isAwaited ? onPlaced : null,
      },
    );
    return { accepted, ear };
  }
}

/** @throws ProblemError where a row has no answer: the protocol has one answer for all of them */
export function requireAnswers(predictions: readonly Prediction[]): Answered[] {
  return predictions.map(({ submission, standing }, row) => {
    if (standing.status === 'succeeded' && standing.output !== null) {
      return { id: submission.id, output: standing.output };
    }
    throw rowFailed(standing, row);
  });
}

function rowFailed({ status, failure }: Standing, row: number): ProblemError {
  if (failure === null) {
    const why = status === 'canceled' ? 'was canceled' : 'had not run when its time ran out';
    return new ProblemError(problem(503, status, `Row ${row} ${why}.`), { 'retry-after': '1' });
  }
  const httpStatus = categoryOf(failure) === 'fleet' ? 503 : 500;
  return new ProblemError(problem(httpStatus, failure.code, `Row ${row} failed: ${failure.message}`));
}

function requireKept(found: Found): Prediction {
  if (typeof found !== 'string') return found;
  const detail = 'The predictions of an earlier request with this Idempotency-Key are no longer kept.';
  throw new ProblemError(problem(404, 'expired', detail));
}
