/**
 * Puts predictions into the queue.
 *
 * Submissions of one version that arrive in the same turn of the event loop share an envelope, so that the queue's
 * cost, which is by the job, is paid once for all of them. There is no timer: a lone submission leaves at the end of its
 * own turn. Under load a turn of the loop takes in what has come meanwhile, so envelopes grow by themselves.
 */
import { type Envelope, ENVELOPE_VERSION, type EnvelopeRow } from '#contract/envelope';
import { formatPredictionId, newEnvelopeId } from '#domain/prediction-id';
import type { Submission } from '#domain/prediction';
import { modelCode } from './catalogue.js';
import { withinBudget } from './connection.js';
import type { ModelQueues } from './model-queues.js';

export type NewPrediction = Omit<Submission, 'id' | 'createdAtMs'>;

export type PlacedListener = (envelopeId: string, row: number) => void;

export interface WriteOptions {
  /** A submission with an Idempotency-Key rides alone, in the envelope that its reservation names. */
  readonly envelopeId?: string;
  /** When such a submission first came; now, unless said otherwise. Milliseconds since the epoch. */
  readonly createdAtMs?: number;
  /** Called when the place is known and before Redis hears of it: who waits for the end listens from here. */
  readonly onPlaced?: PlacedListener;
}

/** Rows an envelope may hold, whatever they cost. */
const MOST_ROWS = 64;
/** Measured work that an envelope may hold. */
const MOST_WORK_MS = 5;

interface Pending {
  readonly prediction: NewPrediction;
  readonly createdAtMs: number;
  readonly onPlaced: PlacedListener | undefined;
  readonly resolve: (submission: Submission) => void;
  readonly reject: (error: unknown) => void;
}

export class EnvelopeWriter {
  /** Submissions that have not left, by version. */
  readonly #gathering = new Map<string, Pending[]>();
  #flushPlanned = false;

  /**
   * @param origin channel on which this process hears that its envelopes have ended
   * @param rowCostMs measured work of one prediction of a version, null while nobody has measured it
   */
  constructor(
    private readonly queues: ModelQueues,
    private readonly origin: string,
    private readonly rowCostMs: (versionId: string) => number | null,
  ) {}

  /**
   * @returns the accepted prediction, once Redis has said yes
   * @throws QueueUnavailableError when it did not in time (the prediction may or may not run)
   * @throws QueueFullError when Redis has no room
   */
  write(prediction: NewPrediction, options: WriteOptions = {}): Promise<Submission> {
    return new Promise((resolve, reject) => {
      const createdAtMs = options.createdAtMs ?? Date.now();
      const pending = { prediction, createdAtMs, onPlaced: options.onPlaced, resolve, reject };
      if (options.envelopeId === undefined) this.#gather(pending);
      else void this.#send(options.envelopeId, [pending]);
    });
  }

  #gather(pending: Pending): void {
    const { versionId } = pending.prediction;
    const group = this.#gathering.get(versionId);
    if (group === undefined) this.#gathering.set(versionId, [pending]);
    else group.push(pending);
    if (this.#flushPlanned) return;
    this.#flushPlanned = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#flushPlanned = false;
    const groups = [...this.#gathering.values()];
    this.#gathering.clear();
    for (const group of groups) {
      const size = this.#rowsPerEnvelope(group[0]?.prediction.versionId ?? '');
      for (let i = 0; i < group.length; i += size) {
        void this.#send(newEnvelopeId('i', Date.now()), group.slice(i, i + size));
      }
    }
  }

  #rowsPerEnvelope(versionId: string): number {
    const cost = this.rowCostMs(versionId);
    if (cost === null || cost <= 0) return MOST_ROWS;
    return Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_WORK_MS / cost)));
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
      resolve({ ...prediction, createdAtMs, id: formatPredictionId(code, envelopeId, row) });
    }
  }

  async #add(envelopeId: string, group: readonly Pending[]): Promise<void> {
    const first = group[0]?.prediction;
    if (first === undefined) return;
    const { model, versionId, versionLabel } = first;
    const rows = group.map(toRow);
    const awaited = group.some(({ onPlaced }) => onPlaced !== undefined);
    const envelope: Envelope = {
      v: ENVELOPE_VERSION,
      model,
      versionId,
      versionLabel,
      origin: this.origin,
      awaited,
      rows,
    };
    const { interactive } = this.queues.of(model);
    const name = `${model}:${versionLabel} x${rows.length}`;
    await withinBudget(this.queues.redis, () => interactive.add(name, envelope, { jobId: envelopeId }));
  }
}

function toRow({ prediction, createdAtMs }: Pending): EnvelopeRow {
  return { client: prediction.client, input: prediction.input, createdAtMs, metadata: prediction.metadata };
}
