/**
 * Accepts a batch: reads its rows while they come, and puts them into the queue as it reads.
 *
 * resolve the version -> reserve the key -> is there room? -> record -> rows, checked one by one -> closed. Whoever has a
 * key and is cut off sends all of it again, and each row is in the queue once.
 */
import { invalidFields, problem, ProblemError, tooManyRequests } from '#contract/problem';
import { type BatchPlan, formatBatchId } from '#domain/batch';
import { MAX_ENVELOPE_ROWS, newEnvelopeId } from '#domain/prediction-id';
import type { ModelVersion } from '#models/repository';
import type { Backlog } from '#queue/backlog';
import {
  BatchMarkedError,
  type BatchUpload,
  type BatchWriter,
  MOST_ENVELOPES,
  OtherRowsError,
} from '#queue/batch-writer';
import { modelCode } from '#queue/catalogue';
import type { Claim, Reservations } from '#queue/reservations';
import { StalledError } from '#rows/read-body';
import { BodyError } from '#rows/row';
import type { ApiMetrics } from '#telemetry/metrics';
import type { FleetView } from '../fleet-view.js';
import { keyHeld, keyReused } from '../idempotency.js';
import type { ModelCatalogue } from '../model-catalogue.js';
import type { WebhookRules } from '../webhooks/webhook-rules.js';
import { type BatchOptions, fingerprintOf } from './batch-options.js';
import { InvalidRows } from './invalid-rows.js';
import { type RowSource, TooManyRowsError, type Upload } from './row-source.js';
import { Spool } from './spool.js';

export interface AcceptBatchOptions extends BatchOptions {
  readonly client: string;
  readonly idempotencyKey: string | null;
  /** Address of this API for its caller. */
  readonly baseUrl: string;
}

export interface AcceptedBatch {
  readonly model: string;
  readonly id: string;
  /** The key was used before, and all rows were there. */
  readonly replayed: boolean;
}

export interface AcceptBatchParts {
  readonly catalogue: ModelCatalogue;
  readonly backlog: Backlog;
  readonly fleet: Pick<FleetView, 'rowCostMs'>;
  readonly reservations: Reservations;
  readonly webhooks: WebhookRules;
  readonly writer: BatchWriter;
  readonly source: RowSource;
  readonly metrics: ApiMetrics;
  /** Folder for rows that wait on disk. */
  readonly dataDir: string;
  readonly maxRows: number;
}

/** Work that an envelope of a batch holds, as far as it has been measured. */
const WORK_MS = 50;
/** However little work they are: API and worker handle an envelope in one go, and serve nobody else meanwhile. */
const MOST_ROWS = 256;
const RENEW_EVERY_MS = 1_000;

export class AcceptBatch {
  constructor(private readonly parts: AcceptBatchParts) {}

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
    if (reservation.kind === 'accepted') return { model: plan.model, id: plan.id, replayed: true };
    if (reservation.claim.envelopeId === fresh.envelopeId) await this.#requireRoomFor(plan, key);
    return this.#receiveOnce(plan, options, upload, key);
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
    if (isMarked(error)) await reservations.accept(client, key);
    else if (isRefusal(error)) await reservations.release(client, key);
    else await reservations.letGo(client, key);
  }

  async #receive(
    plan: BatchPlan,
    options: AcceptBatchOptions,
    upload: Upload,
    key: string | null,
  ): Promise<AcceptedBatch> {
    const rows =
      options.onInvalid === 'reject' ? this.#receiveAll(plan, upload, key) : this.#receiveAsTheyCome(plan, upload, key);
    this.parts.metrics.accepted.inc({ model: plan.model }, await rows);
    return { model: plan.model, id: plan.id, replayed: false };
  }

  /** @returns rows in the queue */
  async #receiveAsTheyCome(plan: BatchPlan, upload: Upload, key: string | null): Promise<number> {
    let queue: BatchUpload | null = null;
    try {
      for await (const rows of this.parts.source.rows(upload, this.#versionOf(plan))) {
        queue ??= await this.parts.writer.open(plan, key !== null);
        await queue.add(rows);
      }
      if (queue === null) throw empty();
      await queue.finish();
      return queue.size.rows;
    } catch (error) {
      const answer = toProblem(error);
      if (queue !== null) await giveUp(queue, error, answer, key !== null);
      throw answer;
    }
  }

  /** Nothing is in the queue before the last row was read and all of them are valid. */
  async #receiveAll(plan: BatchPlan, upload: Upload, key: string | null): Promise<number> {
    const spool = await Spool.open(this.parts.dataDir);
    try {
      const invalid = new InvalidRows();
      let index = 0;
      for await (const rows of this.parts.source.rows(upload, this.#versionOf(plan))) {
        for (const [i, { problems }] of rows.entries()) if (problems !== null) invalid.add(index + i, problems);
        index += rows.length;
        if (invalid.count === 0) await spool.write(rows);
      }
      if (index === 0) throw empty();
      if (invalid.count > 0) throw invalid.toProblem(index);
      const queue = await this.parts.writer.open(plan, key !== null);
      try {
        for await (const rows of spool.read()) await queue.add(rows);
        await queue.finish();
      } catch (error) {
        await giveUp(queue, error, toProblem(error), key !== null);
        throw error;
      }
      return index;
    } catch (error) {
      throw toProblem(error);
    } finally {
      await spool.close();
    }
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

  #versionOf(plan: BatchPlan): ModelVersion {
    return this.parts.catalogue.version(plan.versionId);
  }

  #planOf(claim: Claim, version: ModelVersion, options: AcceptBatchOptions): BatchPlan {
    const { client, windowMs, metadata, webhook, events, baseUrl } = options;
    const isTold = webhook !== null || events !== null;
    return {
      id: formatBatchId(modelCode(version.name), claim.envelopeId),
      client,
      model: version.name,
      versionId: version.id,
      versionLabel: version.label,
      rowsPerEnvelope: this.#rowsPerEnvelope(version),
      metadata,
      callback: isTold ? this.parts.webhooks.callback({ url: webhook, events, owner: version.owner, baseUrl }) : null,
      createdAtMs: claim.createdAtMs,
      expiresAtMs: claim.createdAtMs + windowMs,
    };
  }

  #rowsPerEnvelope({ id }: ModelVersion): number {
    const cost = this.parts.fleet.rowCostMs(id);
    const fitting = cost === null || cost <= 0 ? MOST_ROWS : Math.min(MOST_ROWS, Math.floor(WORK_MS / cost));
    const least = Math.ceil(this.parts.maxRows / MOST_ENVELOPES);
    return Math.min(MAX_ENVELOPE_ROWS, Math.max(least, fitting));
  }

  async #requireRoomFor({ model, client }: BatchPlan, key: string): Promise<void> {
    if (this.parts.backlog.roomFor(model).kind === 'room') return;
    await this.parts.reservations.release(client, key);
    this.#requireRoom(model);
  }

  #requireRoom(model: string): void {
    const room = this.parts.backlog.roomFor(model);
    if (room.kind === 'room') return;
    this.parts.metrics.refused.inc({ model, reason: room.kind });
    const detail =
      room.kind === 'queue_full' ? `The queue of ${model} is full.` : 'The service has no room for new rows.';
    throw tooManyRequests(room.kind, detail, room.retryAfterS);
  }
}

function newClaim(options: AcceptBatchOptions, version: ModelVersion): Claim {
  const createdAtMs = Date.now();
  const { client, idempotencyKey, baseUrl, ...asked } = options;
  return {
    fingerprint: fingerprintOf(asked),
    versionId: version.id,
    envelopeId: newEnvelopeId('b', createdAtMs),
    createdAtMs,
  };
}

/** What becomes of the part that is in the queue. */
async function giveUp(queue: BatchUpload, error: unknown, answer: unknown, isRepeatable: boolean): Promise<void> {
  if (error instanceof BatchMarkedError) return queue.close();
  // It may be sent again; if nobody does, the janitor ends it.
  if (isRepeatable && !isRefusal(answer)) return;
  const failure =
    answer instanceof ProblemError
      ? { code: answer.problem.code, message: answer.problem.detail }
      : { code: 'upload_aborted', message: 'The upload ended before its last row.' };
  await queue.fail(failure).catch(() => undefined);
}

function isMarked(error: unknown): boolean {
  return error instanceof ProblemError && error.problem.code === MARKED;
}

/** The client has to change something before it comes again. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof ProblemError)) return false;
  const { status, code } = error.problem;
  return status < 500 && status !== 408 && status !== 429 && code !== OTHER_ROWS && code !== MARKED;
}

const OTHER_ROWS = 'idempotency_key_reused';
const MARKED = 'batch_ended';
const STATUS: Readonly<Record<BodyError['code'], number>> = {
  invalid_body: 400,
  invalid_compression: 400,
  invalid_header: 422,
  body_too_large: 413,
};

function toProblem(error: unknown): unknown {
  if (error instanceof BodyError) return new ProblemError(problem(STATUS[error.code], error.code, error.message));
  if (error instanceof TooManyRowsError) return new ProblemError(problem(413, 'too_many_rows', error.message));
  if (error instanceof StalledError) return new ProblemError(problem(408, 'upload_stalled', error.message));
  if (error instanceof OtherRowsError) {
    const detail = `The Idempotency-Key was used with other rows: ${error.message}`;
    return new ProblemError(problem(422, OTHER_ROWS, detail, [{ pointer: '', code: OTHER_ROWS, detail }]));
  }
  if (error instanceof BatchMarkedError) {
    const what = error.mark.kind === 'canceled' ? 'was canceled' : 'came to the end of its completion_window';
    return new ProblemError(problem(409, MARKED, `The batch ${what} while its rows arrived.`));
  }
  return error;
}

function empty(): ProblemError {
  return invalidFields([{ pointer: '', code: 'empty_batch', detail: 'has no rows' }]);
}
