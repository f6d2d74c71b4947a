/** The announcement of a batch, and the gate that holds it while rows arrive. */
import type { BatchPlan } from '#domain/batch';
import { ANNOUNCEMENT_OPTIONS, announcementId } from './announcements.js';
import type { ModelQueues } from './model-queues.js';

/** Doing so twice, while rows arrive, is doing it once. */
export async function addGate(queues: ModelQueues, { id, model, versionLabel }: BatchPlan): Promise<void> {
  const { catalogue } = queues;
  const prefix = catalogue.tag(model);
  const name = `${model}:${versionLabel} batch`;
  await queues.flows(model).add({
    name,
    queueName: catalogue.announcementQueue(model),
    prefix,
    data: { kind: 'batch', model, batchId: id },
    // Its children's counts are needed as long as the batch is shown: the janitor removes both.
    opts: { ...ANNOUNCEMENT_OPTIONS, jobId: announcementId(id) },
    children: [{ name, queueName: catalogue.gateQueue(model), prefix, opts: { jobId: gateId(id) } }],
  });
}

/** Lets go of the announcement: from now on only envelopes hold it. Doing so twice is doing it once. */
export async function removeGate(queues: ModelQueues, model: string, batchId: string): Promise<void> {
  await queues.of(model).gates.remove(gateId(batchId));
}

export function gateId(batchId: string): string {
  return `${batchId}-g`;
}
