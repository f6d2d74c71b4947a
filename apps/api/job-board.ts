/** Bull Board on the operations port, to look and not to touch. */
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Envelope } from '#contract/envelope';
import type { Announcement } from '#queue/announcements';
import type { ModelQueues } from '#queue/model-queues';

export const BOARD_PATH = '/ops/queues';

/** Envelopes and announcements; the jobs of other queues say less. */
type JobData = Partial<Envelope & Extract<Announcement, { kind: 'batch' }>> & { readonly rows?: readonly unknown[] };

/** What operators may see of a job: what is named here, and nothing that belongs to a client. */
function shown({ kind, model, versionId, versionLabel, priority, batch, batchId, rows }: JobData): object {
  const predictions = batch?.rowCount ?? rows?.length;
  return {
    ...(kind === undefined ? {} : { announces: kind }),
    model,
    version: versionLabel,
    version_id: versionId,
    priority,
    predictions,
    batch: batch?.id ?? batchId,
    ...(predictions === undefined ? {} : { inputs: '(not shown)' }),
  };
}

/**
 * Read-only: its own retry would run ended envelopes again, and its clean would delete accepted predictions. Rows show
 * as counts; inputs belong to clients.
 */
export async function mountBoard(
  app: NestFastifyApplication,
  queues: ModelQueues,
  models: readonly string[],
): Promise<void> {
  const serverAdapter = new FastifyAdapter();
  serverAdapter.setBasePath(BOARD_PATH);
  const adapters = queues.all(models).map((queue) => {
    const adapter = new BullMQAdapter(queue, { readOnlyMode: true, allowRetries: false });
    adapter.setFormatter('data', (data: JobData) => shown(data));
    return adapter;
  });
  createBullBoard({
    queues: adapters,
    serverAdapter,
    options: { uiConfig: { boardTitle: 'Millrace' } },
  });
  await app.register(serverAdapter.registerPlugin(), { prefix: BOARD_PATH });
}
