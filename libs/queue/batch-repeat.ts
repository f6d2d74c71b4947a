/** Rows that come again under the key of a batch that takes no more: they are compared with its own, and not added. */
import { BatchDigests, OtherRowsError } from './batch-digests.js';
import { type BatchRow, EnvelopeCutter } from './batch-envelopes.js';
import type { BatchRecord } from './batches.js';
import type { ModelQueues } from './model-queues.js';
import { patiently } from './patiently.js';

/** Comparing is work that nobody else is served beside. */
const ENVELOPES_AT_ONCE = 4;

export class BatchRepeat {
  readonly #cutter: EnvelopeCutter;
  readonly #digests: BatchDigests;
  #envelopes = 0;

  constructor(
    private readonly queues: ModelQueues,
    private readonly record: BatchRecord,
  ) {
    this.#cutter = new EnvelopeCutter(record.plan);
    this.#digests = new BatchDigests(queues, record.plan);
  }

  /** @throws OtherRowsError, QueueUnavailableError */
  async add(rows: readonly BatchRow[]): Promise<void> {
    this.#cutter.push(rows);
    while (this.#cutter.ready >= ENVELOPES_AT_ONCE) await this.#compare();
  }

  /** All rows are here. @throws as `add` */
  async finish(): Promise<void> {
    this.#cutter.end();
    while (this.#cutter.ready > 0) await this.#compare();
    this.#requireNone(this.#envelopes, this.record.envelopes);
  }

  async #compare(): Promise<void> {
    const envelopes = this.#cutter.take(ENVELOPES_AT_ONCE);
    this.#envelopes += envelopes.length;
    this.#requireNone(this.record.envelopes, this.#envelopes);
    await patiently(this.queues, () => this.#digests.compare(envelopes));
  }

  /** Envelopes that one of the two has and the other has not; how many a batch that was cut should have is not known. */
  #requireNone(from: number, to: number): void {
    const { isWhole, plan } = this.record;
    if (isWhole && from < to) throw new OtherRowsError(from * plan.rowsPerEnvelope, to * plan.rowsPerEnvelope - 1);
  }
}
