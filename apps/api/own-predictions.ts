/** A caller's predictions: found by their ids, and shown as they are shown everywhere. */
import type { FastifyRequest } from 'fastify';
import type { KeyRing } from '#access/key-ring';
import { newStreamToken } from '#access/stream-token';
import type { PredictionResource } from '#contract/prediction.dto';
import { predictionUrl, toResource } from '#contract/prediction-resource';
import { PredictionTexts, type ShownTo, type TextPrediction } from '#contract/prediction-text';
import { notFound } from '#contract/problem';
import type { Caller } from '#domain/key-record';
import type { Prediction } from '#domain/prediction';
import { isOwnId, parsePredictionId, type PredictionAddress } from '#domain/prediction-id';
import { modelCode } from '#queue/catalogue';
import type { Found } from '#queue/envelope-reader';
import type { OwnIds } from '#queue/own-ids';
import type { ClientAddress } from './client-address.js';
import type { ModelCatalogue } from './model-catalogue.js';
import type { WorkAhead } from './work-ahead.js';

export interface Place {
  readonly model: string;
  readonly address: PredictionAddress;
}

export class OwnPredictions {
  readonly #texts = new PredictionTexts();

  constructor(
    private readonly catalogue: ModelCatalogue,
    private readonly ownIds: OwnIds,
    private readonly address: ClientAddress,
    private readonly ahead: Pick<WorkAhead, 'waitSeconds'>,
    private readonly tokens: StreamTokens,
  ) {}

  /**
   * Where it lives, by the id that Millrace or its client gave it; whose it is shows when it is read.
   * @throws ProblemError 404 where nothing can be there
   */
  async locate(id: string, { client }: Caller): Promise<Place> {
    const address = parsePredictionId(id) ?? (await this.#ownAddress(id, client));
    const model = address === null ? undefined : this.catalogue.modelOfCode(address.modelCode);
    if (address === null || model === undefined) throw notFound('There is no such prediction.');
    return { model, address };
  }

  show(prediction: Prediction, request: FastifyRequest): PredictionResource {
    const { owner, baseUrl, shown } = this.#shownTo(prediction, request);
    return toResource(prediction, owner, baseUrl, shown);
  }

  /** The same as JSON, and where it is read. */
  showAsText(prediction: TextPrediction, request: FastifyRequest): { readonly url: string; readonly text: string } {
    const to = this.#shownTo(prediction, request);
    const { id, ownId } = prediction.submission;
    return { url: predictionUrl(to.baseUrl, ownId ?? id), text: this.#texts.of(prediction, to) };
  }

  #shownTo(prediction: Prediction<unknown>, request: FastifyRequest): ShownTo {
    const { model, versionId, id, ownId, priority } = prediction.submission;
    const owner = this.catalogue.ownerOf(model, versionId);
    const waits = prediction.standing.status === 'starting';
    const estimatedWaitS = waits ? this.ahead.waitSeconds(model, versionId, priority) : null;
    const streamToken = this.tokens.of(request.caller, ownId ?? id);
    return { owner, baseUrl: this.address.baseUrl(request), shown: { estimatedWaitS, streamToken } };
  }

  async #ownAddress(id: string, client: string): Promise<PredictionAddress | null> {
    const claim = isOwnId(id) ? await this.ownIds.find(client, id) : null;
    return claim === null ? null : { modelCode: modelCode(claim.model), envelopeId: claim.envelopeId, row: 0 };
  }
}

/** Another client's prediction does not exist. */
export function requireOwn(found: Found, { client }: Caller, id: string): Prediction {
  if (found === 'expired') throw notFound(`The prediction ${id} has ended and is no longer kept.`, 'expired');
  if (found === 'unknown' || found.submission.client !== client) throw notFound('There is no such prediction.');
  return found;
}

/** Makes what opens one stream without a header. */
export class StreamTokens {
  /** @param ring null where keys are off, and nothing has to be opened */
  constructor(private readonly ring: Pick<KeyRing, 'get'> | null) {}

  of({ keyId }: Caller, subject: string): string | null {
    const record = keyId === null ? undefined : this.ring?.get(keyId);
    return record === undefined ? null : newStreamToken(record, subject);
  }
}
