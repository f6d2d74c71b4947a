/** Bull Board on the operations port, to look and not to touch. */
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import type { ExternalJobUrl, QueueAdapterOptions } from '@bull-board/api/typings/app';
import type { Envelope } from '#contract/envelope';
import { formatPredictionId } from '#domain/prediction-id';
import type { Announcement } from '#queue/announcements';
import { modelCode } from '#queue/catalogue';
import type { ModelQueues, QueueSet } from '#queue/model-queues';

const BOARD_PATH = '/ops/queues';

/**
 * Its page asks a foreign host for fonts, which would hear of every visit of an operator; here it gets its own files and
 * the fallback of its style sheet. Its styles are written by its scripts.
 */
const POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
const FOREIGN_LINK = /<link href="https?:[^>]*>/g;

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

function adapterOf(queue: QueueSet['interactive'], options: Partial<QueueAdapterOptions>): BullMQAdapter {
  const adapter = new BullMQAdapter(queue, { readOnlyMode: true, allowRetries: false, ...options });
  adapter.setFormatter('data', (data: JobData) => shown(data));
  return adapter;
}

/** To the page of the job's prediction, or of its first one: `<envelope>-<row>-r` is a retry job. */
function linkTo(model: string, jobId: string): ExternalJobUrl {
  const [, envelopeId = jobId, row = '0'] = /^(.+)-(\d+)-r$/.exec(jobId) ?? [];
  const id = formatPredictionId(modelCode(model), envelopeId, Number(row));
  return { href: `/ops/predictions/${id}`, displayText: 'Open its prediction' };
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
  const adapters = models.flatMap((model) => {
    const { interactive, bulk, retry, announcements, gates } = queues.of(model);
    const linked = [interactive, bulk, retry].map((queue) =>
      adapterOf(queue, { externalJobUrl: ({ id }) => linkTo(model, String(id ?? '')) }),
    );
    return [...linked, ...[announcements, gates].map((queue) => adapterOf(queue, {}))];
  });
  createBullBoard({
    queues: adapters,
    serverAdapter,
    options: {
      uiConfig: { boardTitle: 'Millrace', hideDocsLink: true, miscLinks: [{ text: 'Status', url: '/ops' }] },
    },
  });
  const server: FastifyInstance = app.getHttpAdapter().getInstance();
  await server.register(async (board) => {
    board.addHook('onSend', async (_request, reply, payload) => {
      // The door answers here too, with a page and a policy of its own.
      if (reply.hasHeader('content-security-policy')) return payload;
      reply.headers({ 'content-security-policy': POLICY, 'referrer-policy': 'same-origin' });
      return typeof payload === 'string' ? payload.replace(FOREIGN_LINK, '') : payload;
    });
    await board.register(serverAdapter.registerPlugin(), { prefix: BOARD_PATH });
  });
}
