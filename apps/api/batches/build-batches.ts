/** The parts of the API that know of batches. */
import type { Settings } from '#config/settings';
import type { Batch } from '#domain/batch';
import { hasBatchEnded } from '#domain/batch';
import type { Backlog, Room } from '#queue/backlog';
import { BatchReader } from '#queue/batch-reader';
import { BatchWriter } from '#queue/batch-writer';
import type { Batches } from '#queue/batches';
import type { EnvelopeReader } from '#queue/envelope-reader';
import type { ModelQueues } from '#queue/model-queues';
import type { Reservations } from '#queue/reservations';
import type { ApiMetrics } from '#telemetry/metrics';
import type { FleetView } from '../fleet-view.js';
import type { ModelCatalogue } from '../model-catalogue.js';
import type { WebhookRules } from '../webhooks/webhook-rules.js';
import type { WorkAhead } from '../work-ahead.js';
import { AcceptBatch } from './accept-batch.js';
import { RowSource } from './row-source.js';

export interface BatchPartsOptions {
  readonly settings: Settings;
  readonly queues: ModelQueues;
  readonly catalogue: ModelCatalogue;
  readonly predictions: EnvelopeReader;
  readonly reservations: Reservations;
  readonly backlog: Backlog;
  readonly fleet: Pick<FleetView, 'rowCostMs'>;
  readonly ahead: WorkAhead;
  readonly webhooks: WebhookRules;
  readonly metrics: ApiMetrics;
}

/**
 * Stall periods for which a sender waits for room in the queue: a minute with the default UPLOAD_STALL_SECONDS, in which
 * dead workers are replaced.
 */
const STALLS_UNTIL_NO_ROOM = 2;

/** What the routes of batches stand on. */
export class BatchParts {
  readonly accept: AcceptBatch;
  readonly reader: BatchReader;
  readonly batches: Batches;
  readonly catalogue: ModelCatalogue;
  readonly redis: ModelQueues['redis'];
  readonly #backlog: Backlog;
  readonly #ahead: WorkAhead;

  constructor(options: BatchPartsOptions) {
    const { settings, queues, catalogue, backlog, ahead } = options;
    const limits = {
      maxBytes: settings.BATCH_LIMIT_BYTES,
      maxInflatedBytes: settings.BATCH_LIMIT_BYTES,
      stallMs: settings.UPLOAD_STALL_SECONDS * 1_000,
      maxRows: settings.BATCH_MAX_ROWS,
    };
    this.redis = queues.redis;
    this.catalogue = catalogue;
    this.#backlog = backlog;
    this.#ahead = ahead;
    this.reader = new BatchReader(queues, options.predictions, settings.RESULT_TTL_SECONDS);
    this.batches = this.reader.batches;
    this.accept = new AcceptBatch({
      ...options,
      writer: new BatchWriter(queues, {
        takeRoom: (model, rows) => this.#takeRoom(model, rows),
        roomPatienceMs: STALLS_UNTIL_NO_ROOM * limits.stallMs,
      }),
      source: new RowSource(catalogue, limits),
      dataDir: settings.DATA_DIR,
      maxRows: settings.BATCH_MAX_ROWS,
    });
  }

  /** Seconds until the first row of a batch will probably run; null once it has, and where nobody can say. */
  waitSeconds({ plan, status, startedAtMs }: Batch): number | null {
    if (startedAtMs !== null || hasBatchEnded(status)) return null;
    return this.#ahead.waitSeconds(plan.model, plan.versionId, 'low');
  }

  /** A batch is let in as a whole: a model that drains takes the rest of its rows. */
  #takeRoom(model: string, rows: number): Room {
    const room = this.#backlog.roomFor(model);
    if (room.kind === 'room') this.#backlog.accepted(model, rows, 'low');
    return room;
  }
}
