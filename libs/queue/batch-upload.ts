/** The rows of one batch on their way into the queue; see `batch-writer`. */
import type { Envelope } from '#contract/envelope';
import { batchEnvelopeId, type BatchFailure, type BatchPlan } from '#domain/batch';
import { announcementId, qualifiedAnnouncementQueue } from './announcements.js';
import type { Full, Room } from './backlog.js';
import { BatchDigests, OtherRowsError } from './batch-digests.js';
import { type BatchRow, EnvelopeCutter, type NumberedEnvelope } from './batch-envelopes.js';
import { removeGate } from './batch-gate.js';
import type { Batches, BatchStop } from './batches.js';
import { jobName } from './job-name.js';
import { JOB_OPTIONS, type ModelQueues } from './model-queues.js';
import { patiently } from './patiently.js';
import { UploadWatch } from './upload-watch.js';

/** The batch was canceled, expired or failed, and takes no more rows. */
export class BatchStoppedError extends Error {
  constructor(readonly stop: BatchStop) {
    super('The batch takes no more rows.');
    this.name = 'BatchStoppedError';
  }
}

/** Nobody is there any more who would hear the answer. */
export class SenderGoneError extends Error {
  constructor() {
    super('The sender went away while its rows waited for room.');
    this.name = 'SenderGoneError';
  }
}

/** Nothing has left the queue for so long that its rows will not have room soon. */
export class NoRoomError extends Error {
  constructor(
    readonly room: Full,
    seconds: number,
  ) {
    super(
      `${room.kind === 'queue_full' ? 'The queue' : 'The service'} has had no room for more rows for ${seconds} s.`,
    );
    this.name = 'NoRoomError';
  }
}

export interface UploadOptions {
  /** Takes room in the model's queue for that many rows, where there is any. */
  readonly takeRoom: (model: string, rows: number) => Room;
  /** A sender waits for room no longer than this at a time. */
  readonly roomPatienceMs: number;
}

export interface Sender {
  /** It has a key with which it may send all of it again. */
  readonly isRepeatable: boolean;
  readonly isGone: () => boolean;
}

/** One command: short enough that nobody else waits for Redis. */
const MOST_ENVELOPES_A_COMMAND = 100;
const BYTES_A_COMMAND = 131_072;
/** Rows of a batch are alike, so their size is measured now and then. */
const MEASURED_EVERY = 8;
/** A queue that is full is looked at again after this. */
const ROOM_EVERY_MS = 500;

export class BatchUpload {
  readonly #cutter: EnvelopeCutter;
  readonly #digests: BatchDigests;
  readonly #watch: UploadWatch;
  #rows = 0;
  #envelopes = 0;
  #hasNotes = false;
  #perCommand = 1;
  #commands = 0;
  /** The command that is under way: while Redis takes it the next rows are read. */
  #sending: Promise<void> = Promise.resolve();

  constructor(
    private readonly queues: ModelQueues,
    private readonly batches: Batches,
    private readonly options: UploadOptions,
    readonly plan: BatchPlan,
    private readonly sender: Sender,
  ) {
    this.#cutter = new EnvelopeCutter(plan);
    this.#digests = new BatchDigests(queues, plan);
    this.#watch = new UploadWatch(queues, batches, plan);
  }

  /** Rows until now. */
  get rows(): number {
    return this.#rows;
  }

  /**
   * Resolves when more rows can be taken.
   * @throws OtherRowsError, BatchStoppedError, NoRoomError, SenderGoneError, QueueUnavailableError, QueueFullError
   */
  async add(rows: readonly BatchRow[]): Promise<void> {
    this.#requireWanted();
    this.#cutter.push(rows);
    this.#rows += rows.length;
    this.#hasNotes ||= rows.some(({ problems, customId }) => problems !== null || customId !== null);
    while (this.#cutter.ready >= this.#perCommand) await this.#send();
  }

  /** All rows are here. @throws as `add` */
  async finish(): Promise<void> {
    this.#cutter.end();
    while (this.#cutter.ready > 0) await this.#send();
    await this.#sending;
    const { model, id, rowsPerEnvelope } = this.plan;
    const size = { rows: this.#rows, envelopes: this.#envelopes, hasNotes: this.#hasNotes };
    const closed = await patiently(this.queues, () => this.batches.close(model, id, size));
    if (closed.kind === 'stopped') throw new BatchStoppedError(closed.stop);
    if (closed.kind === 'more_before') {
      throw new OtherRowsError(this.#envelopes * rowsPerEnvelope, closed.envelopes * rowsPerEnvelope - 1);
    }
    await patiently(this.queues, () => removeGate(this.queues, model, id));
  }

  /** There will be no more rows; one that was canceled or has expired stays so. */
  async fail(failure: BatchFailure): Promise<void> {
    await this.#sending.catch(() => undefined);
    const { model, id } = this.plan;
    await patiently(this.queues, () => this.batches.fail(model, id, failure));
    await patiently(this.queues, () => removeGate(this.queues, model, id));
  }

  /** Whether nobody can go on with it; false where Redis does not say. */
  async isStopped(): Promise<boolean> {
    return (await this.#watch.look().catch(() => null)) !== null;
  }

  /** Whatever became of it, its sender is no longer waited for. */
  release(): void {
    this.#watch.end();
  }

  #requireWanted(): void {
    if (this.#watch.stop !== null) throw new BatchStoppedError(this.#watch.stop);
  }

  async #send(): Promise<void> {
    await this.#sending;
    const envelopes = this.#cutter.take(this.#perCommand);
    if (this.#commands % MEASURED_EVERY === 0) this.#perCommand = envelopesPerCommand(envelopes[0]?.envelope);
    this.#commands += 1;
    this.#envelopes += envelopes.length;
    // What is in the queue already needs no room, and rows that differ are refused however full it is.
    const missing = this.sender.isRepeatable
      ? await patiently(this.queues, () => this.#digests.note(envelopes))
      : envelopes;
    await this.#waitForRoom(missing.length * this.plan.rowsPerEnvelope);
    this.#sending = this.#write(missing, envelopes);
    // Awaited before the next send; until then this keeps a rejection from being unhandled.
    this.#sending.catch(() => undefined);
  }

  /**
   * The sender waits while the queue is full, instead of being sent away in the middle; but not for ever, since nobody
   * reads meanwhile, and what is not read does not tell that its sender has gone.
   */
  async #waitForRoom(rows: number): Promise<void> {
    const { takeRoom, roomPatienceMs } = this.options;
    const untilMs = Date.now() + roomPatienceMs;
    while (rows > 0) {
      const room = takeRoom(this.plan.model, rows);
      if (room.kind === 'room') return;
      this.#requireWanted();
      if (this.sender.isGone()) throw new SenderGoneError();
      if (Date.now() > untilMs) throw new NoRoomError(room, Math.round(roomPatienceMs / 1_000));
      await new Promise((resolve) => setTimeout(resolve, ROOM_EVERY_MS));
    }
  }

  async #write(missing: readonly NumberedEnvelope[], envelopes: readonly NumberedEnvelope[]): Promise<void> {
    const { model, id, rowsPerEnvelope } = this.plan;
    let isAgain = false;
    await patiently(this.queues, async () => {
      // A command that was not answered may have been carried out.
      const left = isAgain ? await this.#digests.note(missing) : missing;
      isAgain = true;
      await this.#addJobs(left);
    });
    const last = envelopes.at(-1);
    if (last === undefined) return;
    const rows = last.n * rowsPerEnvelope + last.envelope.batch.rowCount;
    const stop = await patiently(this.queues, () => this.batches.arrived(model, id, { rows, envelopes: last.n + 1 }));
    if (stop !== null) throw new BatchStoppedError(stop);
  }

  async #addJobs(envelopes: readonly NumberedEnvelope[]): Promise<void> {
    if (envelopes.length === 0) return;
    const { id, model, versionLabel } = this.plan;
    const parent = { id: announcementId(id), queue: qualifiedAnnouncementQueue(this.queues.catalogue, model) };
    await this.queues.of(model).bulk.addBulk(
      envelopes.map(({ n, envelope }) => ({
        name: jobName(model, versionLabel, envelope.batch.rowCount),
        data: envelope,
        opts: { ...JOB_OPTIONS, jobId: batchEnvelopeId(id, n), parent, ignoreDependencyOnFailure: true },
      })),
    );
  }
}

function envelopesPerCommand(envelope: Envelope | undefined): number {
  const fitting = Math.floor(BYTES_A_COMMAND / JSON.stringify(envelope ?? {}).length);
  return Math.max(1, Math.min(MOST_ENVELOPES_A_COMMAND, fitting));
}
