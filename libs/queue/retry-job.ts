/**
 * A retry job: one prediction that left its envelope to run again, alone, in the retry queue.
 *
 * Its id is a function of the prediction, and it is added before its envelope is settled, so a crash between the two
 * neither loses the prediction nor makes two of it.
 */
import { type Envelope, type RetryEnvelope, rowsAt } from '#contract/envelope';
import { announced, announcementId, qualifiedAnnouncementQueue } from './announcements.js';
import { retryJobId } from './catalogue.js';
import { hold } from './hold.js';
import { carryMark } from './marks.js';
import type { ModelQueues } from './model-queues.js';

export async function addRetryJobs(
  queues: ModelQueues,
  envelopeId: string,
  envelope: Envelope,
  rows: readonly number[],
  why: Pick<RetryEnvelope['retryOf'], 'reason' | 'attempts'>,
): Promise<void> {
  const contents = rowsAt(envelope, rows);
  const jobs = rows.flatMap((row, i) => {
    const content = contents[i];
    if (content === undefined) return [];
    // The row has what they were about.
    const { batch, trace, ...common } = envelope;
    const data: RetryEnvelope = {
      ...common,
      rows: [content],
      ...(batch === undefined ? {} : { partOf: { id: batch.id, expiresAtMs: batch.expiresAtMs } }),
      retryOf: { envelopeId, row, ...why },
    };
    const name = `${envelope.model}:${envelope.versionLabel} ${why.reason}`;
    return [{ name, data, row }];
  });
  // One by one on purpose: addBulk may add some of them and report an error, and a repeat is harmless either way.
  await Promise.all(jobs.map(({ name, data, row }) => hold(() => add(queues, name, data, row), queues.onError)));
  // Rows of a batch are marked as a whole.
  if (envelope.batch !== undefined) return;
  const { redis, catalogue, onError } = queues;
  const { model } = envelope;
  await Promise.all(
    jobs.map(({ row }) => hold(() => carryMark(redis, catalogue, { model, envelopeId, row }), onError)),
  );
}

/**
 * A row that somebody is told of takes an announcement of its own: the envelope's will not wait for it. That of a batch
 * does, since its envelope has not ended yet: the row becomes one more part of it.
 */
async function add(queues: ModelQueues, name: string, data: RetryEnvelope, row: number): Promise<void> {
  const { model, retryOf } = data;
  const { catalogue } = queues;
  const jobId = retryJobId(retryOf.envelopeId, row);
  if (data.partOf !== undefined) {
    const parent = { id: announcementId(data.partOf.id), queue: qualifiedAnnouncementQueue(catalogue, model) };
    await queues.of(model).retry.add(name, data, { jobId, parent, ignoreDependencyOnFailure: true });
    return;
  }
  if (data.rows[0]?.callback === undefined) {
    await queues.of(model).retry.add(name, data, { jobId });
    return;
  }
  const announcement = { kind: 'envelope', model, envelopeId: retryOf.envelopeId, rows: [row] } as const;
  const job = { jobId, queueName: catalogue.retryQueue(model), name, data };
  await queues.flows(model).add(announced(catalogue, announcement, job));
}

/** Which rows of a job that is taken again have retry jobs already; they must not run in their envelope. */
export async function findRetried(
  queues: ModelQueues,
  model: string,
  envelopeId: string,
  rows: number,
): Promise<Set<number>> {
  const { redis, catalogue } = queues;
  const keys = Array.from({ length: rows }, (_, row) => catalogue.retryKey(model, envelopeId, row));
  const found = await Promise.all(keys.map((key) => redis.exists(key)));
  return new Set(found.flatMap((exists, row) => (exists === 1 ? [row] : [])));
}
