/** A failed prediction runs again, as a new one: the failed one stays failed. */
import { notFound, problem, ProblemError } from '#contract/problem';
import type { Caller } from '#domain/key-record';
import type { Prediction, Submission } from '#domain/prediction';
import { parsePredictionId } from '#domain/prediction-id';
import type { EnvelopeReader } from '#queue/envelope-reader';
import type { Logger } from '#telemetry/logger';
import type { AcceptPrediction } from '../accept-prediction.js';
import type { ModelCatalogue } from '../model-catalogue.js';

export class PutBack {
  constructor(
    private readonly reader: EnvelopeReader,
    private readonly accept: AcceptPrediction,
    private readonly catalogue: ModelCatalogue,
    private readonly logger: Logger,
  ) {}

  /**
   * Of whatever client it is. @throws ProblemError 404, QueueUnavailableError
   */
  async find(id: string): Promise<Prediction> {
    const address = parsePredictionId(id);
    const model = address === null ? undefined : this.catalogue.modelOfCode(address.modelCode);
    if (address === null || model === undefined) throw notFound('There is no such prediction.');
    const found = await this.reader.read(model, address);
    if (found === 'unknown') throw notFound('There is no such prediction.');
    if (found === 'expired') throw notFound(`The prediction ${id} has ended and is no longer kept.`, 'expired');
    return found;
  }

  /**
   * The new one belongs to the client of the failed one, has its input and its webhook, and names it as
   * `metadata.retry_of`. Doing it twice makes one.
   * @throws ProblemError 404; 409 where it has not failed; as for any submit. QueueUnavailableError, QueueFullError
   */
  async putBack(id: string, operator: Caller, baseUrl: string): Promise<Submission> {
    const { submission, standing } = await this.find(id);
    if (standing.status !== 'failed') {
      const detail = `The prediction is ${standing.status}. Only one that has failed can be put back.`;
      throw new ProblemError(problem(409, 'not_failed', detail));
    }
    const { versionId, input, metadata, priority, callback, client } = submission;
    const request = {
      version: versionId,
      input,
      metadata: { ...metadata, retry_of: id },
      priority,
      ...(callback === null ? {} : { webhook_events_filter: [...callback.events] }),
      ...(callback === null || callback.url === null ? {} : { webhook: callback.url }),
    };
    const traceFor = (): null => null;
    const repeat = { kind: 'idempotency_key', text: `put-back ${id}` } as const;
    const options = { client, cancelAfterMs: null, baseUrl, repeat, traceFor, onPlaced: null };
    const { submission: fresh, replayed } = await this.accept.accept(request, options);
    const audit = { retry_of: id, prediction: fresh.id, model: fresh.model, client, operator: operator.client };
    this.logger.info({ ...audit, key: operator.keyId, replayed }, 'a failed prediction was put back');
    return fresh;
  }
}
