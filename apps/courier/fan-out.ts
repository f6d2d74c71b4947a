/**
 * Turns the end of an envelope into events, one by one, for the clients of its rows. Telling twice is telling once: an
 * event's id is a function of its prediction, and the store makes each of them at most once.
 */
import { toBatchResource } from '#contract/batch.dto';
import { toResource } from '#contract/prediction-resource';
import type { Batch } from '#domain/batch';
import { type Callback, eventId, type EventKind } from '#domain/callback';
import { isTerminal, type Prediction } from '#domain/prediction';
import { formatPredictionId, parsePredictionId } from '#domain/prediction-id';
import type { Trace } from '#domain/trace';
import type { Announcement } from '#queue/announcements';
import type { BatchReader } from '#queue/batch-reader';
import { modelCode } from '#queue/catalogue';
import type { Deliveries } from '#queue/deliveries';
import type { EnvelopeReader } from '#queue/envelope-reader';
import type { StartNotice } from '#queue/start-notices';
import { freeze } from './message.js';

export interface FanOutObserver {
  /** An event was made. */
  onEvent(kind: EventKind): void;
  /** A prediction ended, and its record was removed before anybody could be told: nothing can be said of it any more. */
  onExpired(id: string): void;
}

export class FanOut {
  constructor(
    private readonly reader: EnvelopeReader,
    private readonly batches: Pick<BatchReader, 'readUpToDate'>,
    private readonly deliveries: Deliveries,
    private readonly observer: FanOutObserver,
  ) {}

  tell(announcement: Announcement): Promise<void> {
    return announcement.kind === 'batch' ? this.tellBatchEnded(announcement) : this.tellEnded(announcement);
  }

  /** Rows that left for retry jobs are told of when those have ended. */
  async tellEnded({ model, envelopeId, rows }: Extract<Announcement, { kind: 'envelope' }>): Promise<void> {
    const code = modelCode(model);
    await Promise.all(
      rows.map(async (row) => {
        const found = await this.reader.read(model, { modelCode: code, envelopeId, row });
        if (found === 'expired') this.observer.onExpired(formatPredictionId(code, envelopeId, row));
        if (typeof found === 'string') return;
        if (isTerminal(found.standing.status)) await this.#tell(found, ['start', 'output', 'completed'], true);
      }),
    );
  }

  async tellStarted({ model, id, startedAtMs }: StartNotice): Promise<void> {
    const address = parsePredictionId(id);
    if (address === null) return this.#tellBatchStarted(model, id);
    const found = await this.reader.read(model, address);
    if (typeof found === 'string') return;
    const { standing } = found;
    // The notice may be quicker than the record of the start.
    const begun =
      standing.status === 'starting'
        ? { ...standing, status: 'processing' as const, startedAtMs, attempts: Math.max(1, standing.attempts) }
        : standing;
    await this.#tell({ ...found, standing: begun }, ['start'], false);
  }

  async tellBatchEnded({ model, batchId }: Extract<Announcement, { kind: 'batch' }>): Promise<void> {
    const batch = await this.batches.readUpToDate(model, batchId);
    if (batch === null) return this.observer.onExpired(batchId);
    const { startedAtMs, counts } = batch;
    const kinds = [
      ...(startedAtMs === null ? [] : (['start'] as const)),
      ...(counts.succeeded === 0 ? [] : (['output'] as const)),
      'completed' as const,
    ];
    await this.#tellOfBatch(batch, kinds, true);
  }

  async #tellBatchStarted(model: string, batchId: string): Promise<void> {
    const batch = await this.batches.readUpToDate(model, batchId);
    if (batch !== null) await this.#tellOfBatch(batch, ['start'], false);
  }

  async #tellOfBatch(batch: Batch, kinds: readonly EventKind[], hasEnded: boolean): Promise<void> {
    const { id, client, callback, trace = null } = batch.plan;
    if (callback === null) return;
    const body = freeze({ ...toBatchResource(batch, callback.owner, callback.baseUrl) });
    await this.#owe({ subjectId: id, client, callback, body, trace, hasEnded }, kinds);
  }

  async #tell(prediction: Prediction, kinds: readonly EventKind[], hasEnded: boolean): Promise<void> {
    const { submission } = prediction;
    const { callback, client, id: subjectId, trace } = submission;
    if (callback === null) return;
    const happened = kinds.filter((kind) => hasHappened(prediction, kind));
    const body = messageOf(prediction, callback);
    await this.#owe({ subjectId, client, callback, body, trace, hasEnded }, happened);
  }

  async #owe({ subjectId, client, callback, body, trace, hasEnded }: Told, kinds: readonly EventKind[]): Promise<void> {
    for (const kind of kinds) {
      if (!callback.events.includes(kind)) continue;
      const event = { id: eventId(subjectId, kind), kind, client, subjectId, url: callback.url, body, trace, hasEnded };
      if (await this.deliveries.owe(event)) this.observer.onEvent(kind);
    }
  }
}

interface Told {
  readonly subjectId: string;
  readonly client: string;
  readonly callback: Callback;
  readonly body: string;
  readonly trace: Trace | null;
  readonly hasEnded: boolean;
}

function hasHappened({ standing }: Prediction, kind: EventKind): boolean {
  switch (kind) {
    case 'start':
      return standing.startedAtMs !== null;
    case 'output':
      return standing.status === 'succeeded';
    case 'completed':
      return true;
  }
}

function messageOf(prediction: Prediction, { owner, baseUrl }: Callback): string {
  return freeze({ ...toResource(prediction, owner, baseUrl) });
}
