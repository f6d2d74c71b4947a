/**
 * Puts the rows of a batch into its model's bulk queue while they still arrive.
 *
 * The batch is the parent of its envelopes in a BullMQ flow, and its announcement: it is released when the last of them
 * has ended. Until all are there a job that nobody runs, the gate, holds it back.
 *
 *     record -> announcement and gate -> envelopes, a few a command -> record closed -> gate removed
 *
 * Each step can be repeated. Envelope n of a batch is always rows n*k to n*k+k-1 with k from the record, under an id that
 * follows from n; so whoever repeats an upload that was cut off adds what is missing, and nothing twice.
 */
import { createHash } from 'node:crypto';
import { type BatchPart, type Envelope, ENVELOPE_VERSION, type RowProblem } from '#contract/envelope';
import { batchEnvelopeId, type BatchFailure, type BatchPlan } from '#domain/batch';
import type { Mark } from '#domain/mark';
import type { Input } from '#domain/model-version';
import { ANNOUNCEMENT_OPTIONS, announcementId, qualifiedAnnouncementQueue } from './announcements.js';
import { Batches, type BatchSize } from './batches.js';
import { isFull, isUnavailable, QueueFullError, withinBudget } from './connection.js';
import { JOB_OPTIONS, type ModelQueues } from './model-queues.js';

/** Envelopes that one batch may have: what a parent can count in a moment. */
export const MOST_ENVELOPES = 10_000;

/** One row as it goes into an envelope. */
export interface BatchRow {
  /** Null for a row that is not valid. */
  readonly input: Input | null;
  readonly customId: string | null;
  /** What is wrong with it. */
  readonly problems: readonly RowProblem[] | null;
}

/** The rows differ from those that came under the same key before. */
export class OtherRowsError extends Error {
  constructor(
    readonly firstRow: number,
    readonly lastRow: number,
  ) {
    super(`Rows ${firstRow} to ${lastRow} differ from those that were sent before.`);
    this.name = 'OtherRowsError';
  }
}

/** Somebody has canceled the batch, or its time has run out, while its rows arrived. */
export class BatchMarkedError extends Error {
  constructor(readonly mark: Mark) {
    super('The batch has been marked.');
    this.name = 'BatchMarkedError';
  }
}

/** One command: short enough that nobody else waits for Redis. */
const MOST_ENVELOPES_A_COMMAND = 100;
const BYTES_A_COMMAND = 131_072;
/** Rows of a batch are alike, so their size is measured now and then. */
const MEASURED_EVERY = 8;
/** A Redis that is restarted is back by then; a sender is not kept for longer. */
const PATIENCE_MS = 30_000;
const RETRY_MS = 500;

export interface BatchWriterOptions {
  /** Resolves when there is room for that many more rows. */
  readonly roomFor: (model: string, rows: number) => Promise<void>;
}

export class BatchWriter {
  readonly batches: Batches;

  constructor(
    private readonly queues: ModelQueues,
    private readonly options: BatchWriterOptions,
  ) {
    this.batches = new Batches(queues.redis, queues.catalogue);
  }

  /**
   * Begins a batch, or goes on with one that was cut off.
   * @param isRepeatable the sender has a key with which it may send all of it again
   */
  async open(plan: BatchPlan, isRepeatable: boolean): Promise<BatchUpload> {
    const kept = await patiently(this.queues, () => this.batches.create(plan));
    await patiently(this.queues, () => this.#addGate(kept));
    return new BatchUpload(this.queues, this.batches, this.options, kept, isRepeatable);
  }

  async #addGate({ id, model, versionLabel }: BatchPlan): Promise<void> {
    const { catalogue } = this.queues;
    const prefix = catalogue.tag(model);
    const name = `${model}:${versionLabel} batch`;
    await this.queues.flows(model).add({
      name,
      queueName: catalogue.announcementQueue(model),
      prefix,
      data: { kind: 'batch', model, batchId: id },
      // Its children's counts are needed as long as the batch is shown: the janitor removes both.
      opts: { ...ANNOUNCEMENT_OPTIONS, jobId: announcementId(id) },
      children: [{ name, queueName: catalogue.gateQueue(model), prefix, opts: { jobId: gateId(id) } }],
    });
  }
}

/** Lets go of the announcement: from now on only envelopes hold it. Doing so twice is doing it once. */
export async function removeGate(queues: ModelQueues, model: string, batchId: string): Promise<void> {
  await queues.of(model).gates.remove(gateId(batchId));
}

export function gateId(batchId: string): string {
  return `${batchId}-g`;
}

export class BatchUpload {
  #filling: BatchRow[] = [];
  #full: { readonly n: number; readonly rows: readonly BatchRow[] }[] = [];
  #envelopes = 0;
  #rows = 0;
  #hasNotes = false;
  #perCommand = 1;
  #commands = 0;
  /** The command that is under way: while Redis takes it the next rows are read. */
  #sending: Promise<void> = Promise.resolve();

  constructor(
    private readonly queues: ModelQueues,
    private readonly batches: Batches,
    private readonly options: BatchWriterOptions,
    readonly plan: BatchPlan,
    private readonly isRepeatable: boolean,
  ) {}

  get size(): BatchSize {
    return { rows: this.#rows, envelopes: this.#envelopes, hasNotes: this.#hasNotes };
  }

  /**
   * Resolves when more rows can be taken.
   * @throws OtherRowsError, BatchMarkedError, QueueUnavailableError, QueueFullError
   */
  async add(rows: readonly BatchRow[]): Promise<void> {
    for (const row of rows) {
      this.#filling.push(row);
      if (row.problems !== null || row.customId !== null) this.#hasNotes = true;
      if (this.#filling.length === this.plan.rowsPerEnvelope) this.#fill();
    }
    this.#rows += rows.length;
    while (this.#full.length >= this.#perCommand) await this.#send();
  }

  /** All rows are here. @throws as `add` */
  async finish(): Promise<void> {
    if (this.#filling.length > 0) this.#fill();
    while (this.#full.length > 0) await this.#send();
    await this.#sending;
    const { model, id } = this.plan;
    await patiently(this.queues, () => this.batches.close(model, id, this.size));
    await patiently(this.queues, () => removeGate(this.queues, model, id));
  }

  /** It was marked: no more rows are wanted, and those that are there end by the mark. */
  async close(): Promise<void> {
    const { model, id } = this.plan;
    await patiently(this.queues, () => this.batches.close(model, id, { ...this.size, hasNotes: true }));
    await patiently(this.queues, () => removeGate(this.queues, model, id));
  }

  /** There will be no more rows. */
  async fail(failure: BatchFailure): Promise<void> {
    await this.#sending.catch(() => undefined);
    const { model, id } = this.plan;
    await patiently(this.queues, () => this.batches.fail(model, id, failure));
    await patiently(this.queues, () => removeGate(this.queues, model, id));
  }

  #fill(): void {
    this.#full.push({ n: this.#envelopes, rows: this.#filling });
    this.#envelopes += 1;
    this.#filling = [];
  }

  async #send(): Promise<void> {
    await this.#sending;
    const chunk = this.#full.splice(0, this.#perCommand);
    const envelopes = chunk.map(({ n, rows }) => ({ n, envelope: this.#envelopeOf(n, rows) }));
    if (this.#commands % MEASURED_EVERY === 0) this.#perCommand = envelopesPerCommand(envelopes[0]?.envelope);
    this.#commands += 1;
    await this.options.roomFor(this.plan.model, chunk.length * this.plan.rowsPerEnvelope);
    this.#sending = this.#write(envelopes, this.size);
    // It is awaited before the next one; until then its error is not unheard of.
    this.#sending.catch(() => undefined);
  }

  async #write(envelopes: readonly NumberedEnvelope[], size: BatchSize): Promise<void> {
    const { model, id } = this.plan;
    let mayBeThere = this.isRepeatable;
    await patiently(this.queues, async () => {
      const missing = mayBeThere ? await this.#missing(envelopes) : envelopes;
      // A command that was not answered may have been carried out.
      mayBeThere = true;
      await this.#addJobs(missing);
    });
    const mark = await patiently(this.queues, () => this.batches.arrived(model, id, size));
    if (mark !== null) throw new BatchMarkedError(mark);
  }

  /** Notes what each envelope is made of, and finds those that are not in the queue. @throws OtherRowsError */
  async #missing(envelopes: readonly NumberedEnvelope[]): Promise<NumberedEnvelope[]> {
    const { redis, catalogue } = this.queues;
    const { model, id, rowsPerEnvelope } = this.plan;
    const key = catalogue.batchDigestsKey(model, id);
    const ours = envelopes.map(({ envelope }) => digest(envelope.batch));
    const noted = redis.pipeline();
    for (const [i, { n }] of envelopes.entries()) noted.hsetnx(key, String(n), ours[i] ?? '');
    noted.hmget(key, ...envelopes.map(({ n }) => String(n)));
    for (const { n } of envelopes) noted.exists(catalogue.envelopeKey(model, batchEnvelopeId(id, n)));
    const answers = (await noted.exec())?.map(([error, answer]) => {
      if (error !== null) throw error;
      return answer;
    });
    const digests = answers?.[envelopes.length] as (string | null)[];
    const other = envelopes.find((_, i) => digests[i] !== ours[i]);
    if (other !== undefined) throw new OtherRowsError(other.n * rowsPerEnvelope, (other.n + 1) * rowsPerEnvelope - 1);
    return envelopes.filter((_, i) => answers?.[envelopes.length + 1 + i] !== 1);
  }

  async #addJobs(envelopes: readonly NumberedEnvelope[]): Promise<void> {
    if (envelopes.length === 0) return;
    const { id, model, versionLabel } = this.plan;
    const parent = { id: announcementId(id), queue: qualifiedAnnouncementQueue(this.queues.catalogue, model) };
    await this.queues.of(model).bulk.addBulk(
      envelopes.map(({ n, envelope }) => ({
        name: `${model}:${versionLabel} x${envelope.batch.inputs.length}`,
        data: envelope,
        opts: { ...JOB_OPTIONS, jobId: batchEnvelopeId(id, n), parent, ignoreDependencyOnFailure: true },
      })),
    );
  }

  #envelopeOf(n: number, rows: readonly BatchRow[]): NumberedEnvelope['envelope'] {
    const { id, client, model, versionId, versionLabel, createdAtMs, expiresAtMs, rowsPerEnvelope } = this.plan;
    const invalid = rows.flatMap(({ problems }, row) => (problems === null ? [] : [[row, problems]]));
    const isNamed = rows.some(({ customId }) => customId !== null);
    const batch: BatchPart = {
      id,
      client,
      createdAtMs,
      expiresAtMs,
      firstIndex: n * rowsPerEnvelope,
      inputs: rows.map(({ input }) => input),
      ...(n === 0 && this.plan.callback?.events.includes('start') === true ? { tellsStart: true } : {}),
      ...(isNamed ? { customIds: rows.map(({ customId }) => customId) } : {}),
      ...(invalid.length > 0 ? { invalid: Object.fromEntries(invalid) as BatchPart['invalid'] & object } : {}),
    };
    return { v: ENVELOPE_VERSION, model, versionId, versionLabel, origin: '', awaited: false, rows: [], batch };
  }
}

function envelopesPerCommand(envelope: Envelope | undefined): number {
  const fitting = Math.floor(BYTES_A_COMMAND / JSON.stringify(envelope ?? {}).length);
  return Math.max(1, Math.min(MOST_ENVELOPES_A_COMMAND, fitting));
}

interface NumberedEnvelope {
  readonly n: number;
  readonly envelope: Envelope & { readonly batch: BatchPart };
}

function digest(part: BatchPart): string {
  return createHash('sha256').update(JSON.stringify(part)).digest('base64');
}

/** @throws QueueUnavailableError, QueueFullError when it did not succeed for so long that the sender has to come again */
async function patiently<T>({ redis }: ModelQueues, work: () => Promise<T>): Promise<T> {
  const untilMs = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await withinBudget(redis, work);
    } catch (error) {
      const mayPass = isUnavailable(error) || error instanceof QueueFullError || isFull(error);
      if (!mayPass || Date.now() > untilMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
