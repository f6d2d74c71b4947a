/**
 * What each envelope of a batch is made of: noted before it is in the queue, and kept as long as the batch. So whoever
 * sends rows under its key again, while they arrive or long after, is told where they differ.
 */
import { batchEnvelopeId, type BatchPlan } from '#domain/batch';
import { digestOf, type NumberedEnvelope } from './batch-envelopes.js';
import type { ModelQueues } from './model-queues.js';

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

export class BatchDigests {
  readonly #key: string;

  constructor(
    private readonly queues: ModelQueues,
    private readonly plan: BatchPlan,
  ) {
    this.#key = queues.catalogue.batchDigestsKey(plan.model, plan.id);
  }

  /** Notes the envelopes. @returns those that are not in the queue. @throws OtherRowsError */
  async note(envelopes: readonly NumberedEnvelope[]): Promise<readonly NumberedEnvelope[]> {
    const { redis, catalogue } = this.queues;
    const { model, id } = this.plan;
    const ours = envelopes.map(digestOf);
    const noting = redis.pipeline();
    for (const [i, { n }] of envelopes.entries()) noting.hsetnx(this.#key, String(n), ours[i] ?? '');
    noting.hmget(this.#key, ...envelopes.map(({ n }) => String(n)));
    for (const { n } of envelopes) noting.exists(catalogue.envelopeKey(model, batchEnvelopeId(id, n)));
    const answers = (await noting.exec())?.map(([error, answer]) => {
      if (error !== null) throw error;
      return answer;
    });
    this.#requireSame(envelopes, ours, answers?.[envelopes.length] as (string | null)[]);
    return envelopes.filter((_, i) => answers?.[envelopes.length + 1 + i] !== 1);
  }

  /** Of an envelope that was never noted nothing is known. @throws OtherRowsError */
  async compare(envelopes: readonly NumberedEnvelope[]): Promise<void> {
    const noted = await this.queues.redis.hmget(this.#key, ...envelopes.map(({ n }) => String(n)));
    const ours = envelopes.map(digestOf);
    this.#requireSame(
      envelopes,
      ours,
      noted.map((one, i) => one ?? ours[i] ?? null),
    );
  }

  #requireSame(
    envelopes: readonly NumberedEnvelope[],
    ours: readonly string[],
    noted: readonly (string | null)[],
  ): void {
    const { rowsPerEnvelope } = this.plan;
    const other = envelopes.find((_, i) => noted[i] !== ours[i]);
    if (other !== undefined) throw new OtherRowsError(other.n * rowsPerEnvelope, (other.n + 1) * rowsPerEnvelope - 1);
  }
}
