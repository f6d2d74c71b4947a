/**
 * Accepts a batch: reads its rows while they come, and puts them into the queue as it reads.
 *
 * resolve the version -> reserve the key -> is there room? -> record -> rows, checked one by one -> closed. Whoever has a
 * key and is cut off sends all of it again, and each row is in the queue once; whoever sends it once more is told that it
 * is there, or that the rows are others.
 */
import { invalidFields, ProblemError } from '#contract/problem';
import { type BatchPlan, type BatchSource, formatBatchId } from '#domain/batch';
import type { Callback } from '#domain/callback';
import { MAX_ENVELOPE_ROWS, newEnvelopeId } from '#domain/prediction-id';
import type { Trace } from '#domain/trace';
import type { ModelVersion } from '#models/repository';
import type { Backlog } from '#queue/backlog';
import { MOST_ENVELOPES } from '#queue/batch-writer';
import { modelCode } from '#queue/catalogue';
import type { Claim, Reservations } from '#queue/reservations';
import type { ApiMetrics } from '#telemetry/metrics';
import type { FleetView } from '../fleet-view.js';
import { fingerprintOf } from '../fingerprint.js';
import { keyHeld, keyReused } from '../idempotency.js';
import { noRoom } from '../no-room.js';
import type { WebhookRules } from '../webhooks/webhook-rules.js';
import type { BatchOptions } from './batch-options.js';
import { ReceiveRows, type ReceiveRowsParts } from './receive-rows.js';
import type { Upload } from './row-source.js';
import { isRefusal, isStopped } from './upload-problems.js';

export interface AcceptBatchOptions extends BatchOptions {
  readonly client: string;
  readonly idempotencyKey: string | null;
  /** Address of this API for its caller. */
  readonly baseUrl: string;
  /** The file that its rows come from; absent where they come with the request. */
  readonly source?: BatchSource;
  /** What travels on with it, given whom it tells of its end. */
  readonly traceFor: (callback: Callback | null) => Trace | null;
}

export interface AcceptedBatch {
  readonly model: string;
  readonly id: string;
  /** The key was used before, and all rows were there. */
  readonly replayed: boolean;
}

export interface AcceptBatchParts extends ReceiveRowsParts {
  readonly backlog: Backlog;
  readonly fleet: Pick<FleetView, 'rowCostMs'>;
  readonly reservations: Reservations;
  readonly webhooks: WebhookRules;
  readonly metrics: ApiMetrics;
  readonly maxRows: number;
}

/** Work that an envelope of a batch holds, as far as it has been measured. */
const WORK_MS = 50;
/** However little work they are: API and worker handle an envelope in one go, and serve nobody else meanwhile. */
const MOST_ROWS = 256;
const RENEW_EVERY_MS = 1_000;

export class AcceptBatch {
  readonly #rows: ReceiveRows;

  constructor(private readonly parts: AcceptBatchParts) {
    this.#rows = new ReceiveRows(parts);
  }

  /** @throws ProblemError, QueueUnavailableError, QueueFullError, and what the stream throws when its sender goes away */
  async accept(options: AcceptBatchOptions, upload: Upload): Promise<AcceptedBatch> {
    const version = this.#version(options.model);
    if (options.webhook !== null) await this.parts.webhooks.requirePublicHost(options.webhook);
    const key = options.idempotencyKey === null ? null : `batch ${options.idempotencyKey}`;
    const fresh = newClaim(options, version);
    if (key === null) {
      this.#requireRoom(version.name);
      return this.#receive(this.#planOf(fresh, version, options), options, upload, null);
    }
    const reservation = await this.parts.reservations.reserve(options.client, key, fresh);
    if (reservation.kind === 'other_body') throw keyReused();
    if (reservation.kind === 'held') throw keyHeld();
    const claimed = this.parts.catalogue.version(reservation.claim.versionId);
    const plan = this.#planOf(reservation.claim, claimed, options);
    if (reservation.kind === 'accepted') return this.#repeat(plan, upload);
    if (reservation.claim.envelopeId === fresh.envelopeId) await this.#requireRoomFor(plan, key);
    else if (await this.#isWhole(plan)) {
      // All of it was there, and whoever had the key could not say so any more.
      await this.parts.reservations.accept(options.client, key);
      return this.#repeat(plan, upload);
    }
    return this.#receiveOnce(plan, options, upload, key);
  }

  async #isWhole({ model, id }: BatchPlan): Promise<boolean> {
    return (await this.parts.writer.find(model, id))?.isWhole ?? false;
  }

  /** The key is held as long as rows come. */
  async #receiveOnce(
    plan: BatchPlan,
    options: AcceptBatchOptions,
    upload: Upload,
    key: string,
  ): Promise<AcceptedBatch> {
    const { reservations } = this.parts;
    const { client } = options;
    const renewal = setInterval(() => void reservations.renew(client, key).catch(() => undefined), RENEW_EVERY_MS);
    try {
      const accepted = await this.#receive(plan, options, upload, key);
      await reservations.accept(client, key);
      return accepted;
    } catch (error) {
      clearInterval(renewal);
      await this.#settleKey(error, client, key).catch(() => undefined);
      throw error;
    } finally {
      clearInterval(renewal);
    }
  }

  /** What the client has to change makes the key free again; what was an accident keeps it for the repeat. */
  async #settleKey(error: unknown, client: string, key: string): Promise<void> {
    const { reservations } = this.parts;
    if (isStopped(error)) await reservations.accept(client, key);
    else if (isRefusal(error)) await reservations.release(client, key);
    else await reservations.letGo(client, key);
  }

  async #receive(
    plan: BatchPlan,
    options: AcceptBatchOptions,
    upload: Upload,
    key: string | null,
  ): Promise<AcceptedBatch> {
    const how = { onInvalid: options.onInvalid, isRepeatable: key !== null };
    this.parts.metrics.accepted.inc({ model: plan.model }, await this.#rows.receive(plan, upload, how));
    return { model: plan.model, id: plan.id, replayed: false };
  }

  /** The key is that of a batch: its rows must be those. */
  async #repeat({ model, id }: BatchPlan, upload: Upload): Promise<AcceptedBatch> {
    const record = await this.parts.writer.find(model, id);
    // One that is no longer kept is answered as such.
    if (record !== null) await this.#rows.compare(record, upload);
    return { model, id, replayed: true };
  }

  #version(reference: string): ModelVersion {
    try {
      return this.parts.catalogue.version(reference);
    } catch (error) {
      // In a batch the reference is called `model`.
      if (!(error instanceof ProblemError)) throw error;
      throw invalidFields((error.problem.errors ?? []).map((one) => ({ ...one, pointer: '/model' })));
    }
  }

  #planOf(claim: Claim, version: ModelVersion, options: AcceptBatchOptions): BatchPlan {
    const { client, windowMs, metadata, webhook, events, baseUrl, source } = options;
    const isTold = webhook !== null || events !== null;
    const callback = isTold
      ? this.parts.webhooks.callback({ url: webhook, events, owner: version.owner, baseUrl })
      : null;
    const trace = options.traceFor(callback);
    return {
      id: formatBatchId(modelCode(version.name), claim.envelopeId),
      client,
      model: version.name,
      versionId: version.id,
      versionLabel: version.label,
      rowsPerEnvelope: this.#rowsPerEnvelope(version),
      fields: version.manifest.inputs.map(({ name }) => name),
      metadata,
      callback,
      createdAtMs: claim.createdAtMs,
      expiresAtMs: claim.createdAtMs + windowMs,
      ...(trace === null ? {} : { trace }),
      ...(source === undefined ? {} : { source }),
    };
  }

  #rowsPerEnvelope({ id }: ModelVersion): number {
    const cost = this.parts.fleet.rowCostMs(id);
    const fitting = cost === null || cost <= 0 ? MOST_ROWS : Math.min(MOST_ROWS, Math.floor(WORK_MS / cost));
    const least = Math.ceil(this.parts.maxRows / MOST_ENVELOPES);
    return Math.min(MAX_ENVELOPE_ROWS, Math.max(least, fitting));
  }

  async #requireRoomFor({ model, client }: BatchPlan, key: string): Promise<void> {
    if (this.parts.backlog.roomForNew(model).kind === 'room') return;
    await this.parts.reservations.release(client, key);
    this.#requireRoom(model);
  }

  #requireRoom(model: string): void {
    const room = this.parts.backlog.roomForNew(model);
    if (room.kind === 'room') return;
    this.parts.metrics.refused.inc({ model, reason: room.kind });
    throw noRoom(room, model, 'rows');
  }
}

function newClaim(options: AcceptBatchOptions, version: ModelVersion): Claim {
  const createdAtMs = Date.now();
  const { client, idempotencyKey, baseUrl, traceFor, ...asked } = options;
  return {
    model: version.name,
    // The rows themselves are compared as they come.
    fingerprint: fingerprintOf(asked),
    versionId: version.id,
    envelopeId: newEnvelopeId('b', createdAtMs),
    createdAtMs,
  };
}
