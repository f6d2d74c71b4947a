/** Bull Board on the operations port, to look and not to touch. */
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Envelope } from '#contract/envelope';
import type { ModelQueues } from '#queue/model-queues';

export const BOARD_PATH = '/ops/queues';

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
    adapter.setFormatter('data', (data: Envelope) => ({ ...data, rows: `${data.rows.length} (inputs are not shown)` }));
    return adapter;
  });
  createBullBoard({
    queues: adapters,
    serverAdapter,
    options: { uiConfig: { boardTitle: 'Millrace' } },
  });
  await app.register(serverAdapter.registerPlugin(), { prefix: BOARD_PATH });
}
