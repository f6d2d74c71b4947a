/**
 * Accepts a prediction: the first stage of its life.
 *
 * resolve the version -> validate the input -> is there room? -> (reserve the key) -> enqueue. What is wrong is
 * answered here and never queued; what is accepted is in Redis before the caller hears of it.
 */
import type { PredictionRequest } from '#contract/prediction.dto';
import type { Callback } from '#domain/callback';
import type { Submission } from '#domain/prediction';
import { formatPredictionId, newEnvelopeId } from '#domain/prediction-id';
import type { Trace } from '#domain/trace';
import type { ModelVersion } from '#models/repository';
import type { Backlog } from '#queue/backlog';
import { modelCode } from '#queue/catalogue';
import { type EnvelopeWriter, type NewPrediction, type PlacedListener, queueKindFor } from '#queue/envelope-writer';
import type { OwnIds } from '#queue/own-ids';
import type { Claim, Reservations } from '#queue/reservations';
import type { ApiMetrics } from '#telemetry/metrics';
import { fingerprintOf } from './fingerprint.js';
import { keyHeld, keyReused, type RepeatKey } from './idempotency.js';
import type { ModelCatalogue } from './model-catalogue.js';
import { noRoom } from './no-room.js';
import type { WebhookRules } from './webhooks/webhook-rules.js';

export interface AcceptOptions {
  readonly client: string;
  /** Milliseconds from acceptance to the deadline. */
  readonly cancelAfterMs: number | null;
  /** Address of this API for its caller. */
  readonly baseUrl: string;
  /** What makes a repeat the same request; null where every request is a new one. */
  readonly repeat: RepeatKey | null;
  /** What travels on with it, given whom it tells of its end. */
  readonly traceFor: (callback: Callback | null) => Trace | null;
  /** See `WriteOptions`. */
  readonly onPlaced: PlacedListener | null;
}

export interface Accepted {
  readonly submission: Submission;
  readonly version: ModelVersion;
  /** The key was used before: this is the prediction of the first time. */
  readonly replayed: boolean;
}

/** The stores of earlier requests, by the kind of key. */
export interface Desks extends Record<RepeatKey['kind'], Pick<Reservations, 'reserve' | 'accept' | 'release'>> {
  readonly idempotency_key: Reservations;
  readonly own_id: OwnIds;
}

export interface AcceptPredictionParts {
  readonly catalogue: ModelCatalogue;
  readonly backlog: Backlog;
  readonly writer: EnvelopeWriter;
  readonly desks: Desks;
  readonly webhooks: WebhookRules;
  readonly metrics: ApiMetrics;
}

export class AcceptPrediction {
  constructor(private readonly parts: AcceptPredictionParts) {}

  /** @throws ProblemError, QueueUnavailableError, QueueFullError */
  async accept(request: PredictionRequest, options: AcceptOptions): Promise<Accepted> {
    const version = this.parts.catalogue.version(request.version);
    const input = this.parts.catalogue.validate(version, request.input);
    const callback = this.#callback(request, version, options.baseUrl);
    const prediction: NewPrediction = {
      client: options.client,
      model: version.name,
      versionId: version.id,
      versionLabel: version.label,
      input,
      metadata: request.metadata ?? null,
      priority: request.priority ?? 'normal',
      deadlineAtMs: options.cancelAfterMs === null ? null : Date.now() + options.cancelAfterMs,
      callback,
      trace: options.traceFor(callback),
      ownId: options.repeat?.kind === 'own_id' ? options.repeat.text : null,
    };
    if (callback !== null && callback.url !== null) await this.parts.webhooks.requirePublicHost(callback.url);
    if (options.repeat !== null) return this.#acceptOnce(request, version, prediction, options.repeat, options);
    this.#requireRoom(version.name);
    const submission = await this.parts.writer.write(prediction, { onPlaced: options.onPlaced });
    this.#count(prediction, version.name);
    return { submission, version, replayed: false };
  }

  /** The same key and body, however often and from however many callers at once, are one prediction. */
  async #acceptOnce(
    request: PredictionRequest,
    version: ModelVersion,
    prediction: NewPrediction,
    { kind, text: key }: RepeatKey,
    options: AcceptOptions,
  ): Promise<Accepted> {
    const now = Date.now();
    const desk = this.parts.desks[kind];
    const fresh: Claim = {
      model: version.name,
      fingerprint: fingerprintOf(request),
      versionId: version.id,
      envelopeId: newEnvelopeId(queueKindFor(prediction), now),
      createdAtMs: now,
    };
    const reservation = await desk.reserve(options.client, key, fresh);
    switch (reservation.kind) {
      case 'other_body':
        throw keyReused(kind);
      case 'held':
        throw keyHeld(kind);
      case 'accepted':
        return this.#replay(reservation.claim, prediction);
      case 'granted': {
        const isFirst = reservation.claim.envelopeId === fresh.envelopeId;
        // A repeat is not refused: an earlier request may have enqueued its prediction already.
        if (isFirst && this.parts.backlog.roomForNew(version.name).kind !== 'room') {
          await desk.release(options.client, key);
          this.#requireRoom(version.name);
        }
        const claimed = this.#claimed(reservation.claim, prediction);
        const { envelopeId, createdAtMs } = reservation.claim;
        const written = await this.parts.writer.write(claimed.prediction, {
          envelopeId,
          createdAtMs,
          onPlaced: options.onPlaced,
        });
        this.#count(claimed.prediction, version.name);
        await desk.accept(options.client, key);
        return { submission: written, version: claimed.version, replayed: false };
      }
    }
  }

  #replay(claim: Claim, prediction: NewPrediction): Accepted {
    const { prediction: claimed, version } = this.#claimed(claim, prediction);
    const id = formatPredictionId(modelCode(claimed.model), claim.envelopeId, 0);
    return { submission: { ...claimed, batchId: null, id, createdAtMs: claim.createdAtMs }, version, replayed: true };
  }

  /** A key belongs to the version that its reference meant at its first use, whatever is latest now. */
  #claimed(claim: Claim, prediction: NewPrediction): { prediction: NewPrediction; version: ModelVersion } {
    const version = this.parts.catalogue.version(claim.versionId);
    return { version, prediction: { ...prediction, versionId: version.id, versionLabel: version.label } };
  }

  #callback(request: PredictionRequest, version: ModelVersion, baseUrl: string): NewPrediction['callback'] {
    const { webhook, webhook_events_filter: events } = request;
    if (webhook === undefined && events === undefined) return null;
    return this.parts.webhooks.callback({
      url: webhook ?? null,
      events: events ?? null,
      owner: version.owner,
      baseUrl,
    });
  }

  #requireRoom(model: string): void {
    const room = this.parts.backlog.roomForNew(model);
    if (room.kind === 'room') return;
    this.parts.metrics.refused.inc({ model, reason: room.kind });
    throw noRoom(room, model, 'predictions');
  }

  #count({ priority }: NewPrediction, model: string): void {
    this.parts.backlog.accepted(model, 1, priority);
    this.parts.metrics.accepted.inc({ model });
  }
}
