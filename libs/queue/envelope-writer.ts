/**
 * Puts predictions into the queue.
 *
 * Submissions of one version that arrive in the same turn of the event loop, or while the envelope before them is on its
 * way, share an envelope, so that the queue's cost, which is by the job, is paid once for all of them. See `Gathering`.
 */
import { type Envelope, ENVELOPE_VERSION, type EnvelopeRow } from '#contract/envelope';
import { formatPredictionId, newEnvelopeId, type QueueKind, queueKindOf } from '#domain/prediction-id';
import type { Submission } from '#domain/prediction';
import { announced } from './announcements.js';
import { modelCode } from './catalogue.js';
import { ClientIndex } from './client-index.js';
import { withinBudget } from './connection.js';
import { Gathering } from './gathering.js';
import { jobName } from './job-name.js';
import type { ModelQueues } from './model-queues.js';

export type NewPrediction = Omit<Submission, 'id' | 'createdAtMs' | 'batchId'>;

export type PlacedListener = (envelopeId: string, row: number) => void;

export interface WriteOptions {
  /** A submission with an Idempotency-Key rides alone, in the envelope that its reservation names. */
  readonly envelopeId?: string;
  /** When such a submission first came; now, unless said otherwise. Milliseconds since the epoch. */
  readonly createdAtMs?: number;
  /** Called when the place is known and before Redis hears of it: who waits for the end listens from here. */
  readonly onPlaced?: PlacedListener | null;
}

/** Rows an envelope may hold, whatever they cost. */
const MOST_ROWS = 64;
/**
 * The same where callers wait. With fifty of them, envelopes of up to 64 hold nearly all: then they all wait for the worker,
 * and the worker for them. With half of that, some are answered and ask again while others are run (docs/adr/0011). Their
 * outcomes are one block, which their worker's message carries.
 */
const MOST_AWAITED_ROWS = 32;
/** Measured work that an envelope may hold. */
const MOST_WORK_MS = 5;

interface Pending {
  readonly prediction: NewPrediction;
  readonly createdAtMs: number;
  readonly onPlaced: PlacedListener | null;
  readonly resolve: (submission: Submission) => void;
  readonly reject: (error: unknown) => void;
}

export class EnvelopeWriter {
  /** By version, and what else an envelope must have in common. */
  readonly #gatherings = new Map<string, Gathering<Pending>[]>();
  readonly #index: ClientIndex;

  /**
   * @param origin channel on which this process hears that its envelopes have ended
   * @param rowCostMs measured work of one prediction of a version, null while nobody has measured it
   */
  constructor(
    private readonly queues: ModelQueues,
    private readonly origin: string,
    private readonly rowCostMs: (versionId: string) => number | null,
  ) {
    this.#index = new ClientIndex(queues.redis, queues.catalogue);
  }

  /**
   * @returns the accepted prediction, once Redis has said yes
   * @throws QueueUnavailableError when it did not in time (the prediction may or may not run)
   * @throws QueueFullError when Redis has no room
   */
  write(prediction: NewPrediction, options: WriteOptions = {}): Promise<Submission> {
    return new Promise((resolve, reject) => {
      const createdAtMs = options.createdAtMs ?? Date.now();
      const pending = { prediction, createdAtMs, onPlaced: options.onPlaced ?? null, resolve, reject };
      if (options.envelopeId === undefined) this.#gather(pending);
      else void this.#send(options.envelopeId, [pending]);
    });
  }

  #gather(pending: Pending): void {
    const { versionId } = pending.prediction;
    let gatherings = this.#gatherings.get(versionId);
    if (gatherings === undefined) this.#gatherings.set(versionId, (gatherings = []));
    const gathering = (gatherings[groupOf(pending)] ??= this.#newGathering(versionId, pending));
    gathering.add(pending);
  }

  #newGathering(versionId: string, first: Pending): Gathering<Pending> {
    const most = isAwaited(first) ? MOST_AWAITED_ROWS : MOST_ROWS;
    const enough = (): number => this.#rowsPerEnvelope(versionId, most);
    return new Gathering(enough, (together) => this.#sendAll(together, enough()));
  }

  async #sendAll(group: readonly Pending[], size: number): Promise<void> {
    const [first] = group;
    if (first === undefined) return;
    const kind = queueKindFor(first.prediction);
    const parts = Array.from({ length: Math.ceil(group.length / size) }, (_, i) =>
      group.slice(i * size, (i + 1) * size),
    );
    await Promise.all(parts.map((part) => this.#send(newEnvelopeId(kind, Date.now()), part)));
  }

  #rowsPerEnvelope(versionId: string, most: number): number {
    const cost = this.rowCostMs(versionId);
    if (cost === null || cost <= 0) return most;
    return Math.max(1, Math.min(most, Math.floor(MOST_WORK_MS / cost)));
  }

  async #send(envelopeId: string, group: readonly Pending[]): Promise<void> {
    try {
      for (const [row, { onPlaced }] of group.entries()) onPlaced?.(envelopeId, row);
      await this.#add(envelopeId, group);
    } catch (error) {
      for (const pending of group) pending.reject(error);
      return;
    }
    const code = modelCode(group[0]?.prediction.model ?? '');
    for (const [row, { prediction, createdAtMs, resolve }] of group.entries()) {
      resolve(toSubmission(prediction, createdAtMs, formatPredictionId(code, envelopeId, row)));
    }
  }

  async #add(envelopeId: string, group: readonly Pending[]): Promise<void> {
    const first = group[0]?.prediction;
    if (first === undefined) return;
    const { model, versionId, versionLabel, priority } = first;
    const rows = group.map(toRow);
    const awaited = group.some(isAwaited);
    const envelope: Envelope = {
      v: ENVELOPE_VERSION,
      model,
      versionId,
      versionLabel,
      origin: this.origin,
      awaited,
      ...(priority === 'low' ? { priority } : {}),
      rows,
    };
    await withinBudget(this.queues.redis, async () => {
      await this.#noteDeadlines(envelopeId, envelope);
      // Sent in one go. Whatever fails of it, the caller is told that nobody knows.
      await Promise.all([this.#index.note(model, envelopeId, rows), this.#addJob(envelopeId, envelope)]);
    });
  }

  async #addJob(envelopeId: string, envelope: Envelope): Promise<void> {
    const { catalogue } = this.queues;
    const { model, versionLabel, rows } = envelope;
    const name = jobName(model, versionLabel, rows.length);
    const told = rows.flatMap(({ callback }, row) => (callback === undefined ? [] : [row]));
    const kind = queueKindOf(envelopeId);
    if (told.length === 0) {
      const { interactive, bulk } = this.queues.of(model);
      await (kind === 'b' ? bulk : interactive).add(name, envelope, { jobId: envelopeId });
      return;
    }
    const announcement = { kind: 'envelope', model, envelopeId, rows: told } as const;
    const job = { jobId: envelopeId, queueName: catalogue.queue(model, kind), name, data: envelope };
    await this.queues.flows(model).add(announced(catalogue, announcement, job));
  }

  /** First: a note without its prediction is harmless, a prediction without its note would outlive its deadline. */
  async #noteDeadlines(envelopeId: string, { model, rows }: Envelope): Promise<void> {
    const notes = rows.flatMap(({ deadlineAtMs }, row) =>
      deadlineAtMs === undefined ? [] : [deadlineAtMs, `${envelopeId} ${row}`],
    );
    if (notes.length > 0) await this.queues.redis.zadd(this.queues.catalogue.deadlinesKey(model), ...notes);
  }
}

/** Field by field: copying an object of this size costs as much as all else that is done here for a prediction. */
function toSubmission(prediction: NewPrediction, createdAtMs: number, id: string): Submission {
  return {
    id,
    ownId: prediction.ownId,
    client: prediction.client,
    model: prediction.model,
    versionId: prediction.versionId,
    versionLabel: prediction.versionLabel,
    input: prediction.input,
    metadata: prediction.metadata,
    createdAtMs,
    priority: prediction.priority,
    deadlineAtMs: prediction.deadlineAtMs,
    callback: prediction.callback,
    batchId: null,
    trace: prediction.trace,
  };
}

function toRow({ prediction, createdAtMs }: Pending): EnvelopeRow {
  const { client, input, metadata, deadlineAtMs, callback, trace, ownId } = prediction;
  return {
    client,
    input,
    createdAtMs,
    metadata,
    ...(deadlineAtMs === null ? {} : { deadlineAtMs }),
    ...(callback === null ? {} : { callback }),
    ...(trace === null ? {} : { trace }),
    ...(ownId === null ? {} : { ownId }),
  };
}

export function queueKindFor({ priority }: Pick<NewPrediction, 'priority'>): QueueKind {
  return priority === 'low' ? 'b' : 'i';
}

function isAwaited({ onPlaced }: Pending): boolean {
  return onPlaced !== null;
}

/**
 * Predictions of a version can ride together in the same group: the queue and who hears of an end are the job's. A number
 * and not a text, which would be put together and hashed for each prediction.
 */
function groupOf(pending: Pending): number {
  const { priority, callback } = pending.prediction;
  return Number(priority === 'low') + 2 * Number(callback !== null) + 4 * Number(isAwaited(pending));
}
