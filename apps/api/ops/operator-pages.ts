/** The pages for operators, on the operations port behind its door. */
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '#contract/problem';
import { parsePredictionId } from '#domain/prediction-id';
import type { ModelRepository } from '#models/repository';
import { QueueFullError, QueueUnavailableError } from '#queue/connection';
import type { Deliveries } from '#queue/deliveries';
import type { ModelQueues } from '#queue/model-queues';
import type { Logger } from '#telemetry/logger';
import { LOCAL_CALLER } from '../access/guard.js';
import type { FleetStatusReader } from './fleet-status.js';
import { escapeHtml, htmlOf, pageHeaders, pagePolicy } from './page.js';
import { predictionPage } from './prediction-page.js';
import type { PutBack } from './put-back.js';
import { failureTable, LIVE_SCRIPT, OPEN_BANNER, opsNav, statusPage, type StatusPageOptions } from './status-page.js';
import { timelineOf } from './timeline.js';

export interface OperatorPagesParts {
  /** Keys are off. */
  readonly isOpen: boolean;
  /** Address of the public API, for what the new prediction's links name. */
  readonly baseUrl: string;
  readonly status: FleetStatusReader;
  readonly putBack: PutBack;
  readonly queues: ModelQueues;
  readonly repository: ModelRepository;
  readonly deliveries: Pick<Deliveries, 'read'>;
  readonly logger: Logger;
}

const POLICIES = { live: pagePolicy({ script: LIVE_SCRIPT, hasForms: true }), still: pagePolicy({ hasForms: true }) };

type ById = { Params: { id: string } };

export function mountOperatorPages(app: NestFastifyApplication, parts: OperatorPagesParts): void {
  const server: FastifyInstance = app.getHttpAdapter().getInstance();
  const { isOpen, status, putBack, queues, repository, deliveries } = parts;
  const viewOf = ({ operator }: FastifyRequest): StatusPageOptions => ({ isOpen, operator: operator?.client ?? null });
  /** An error of a page is a page. */
  const page =
    <T extends FastifyRequest>(kind: keyof typeof POLICIES, render: (request: T) => Promise<string>) =>
    async (request: T, reply: FastifyReply): Promise<FastifyReply> => {
      try {
        return await reply.headers(pageHeaders(POLICIES[kind])).send(await render(request));
      } catch (error) {
        return sendError(error, viewOf(request), reply, parts.logger);
      }
    };

  server.get('/', (_request, reply) => reply.redirect('/ops', 302));
  server.get(
    '/ops',
    page('live', async (request) => statusPage(await status.read(), viewOf(request))),
  );
  server.get(
    '/ops/failed',
    page('still', async (request) => {
      const { last_failures: failures } = await status.read();
      const main = `${isOpen ? OPEN_BANNER : ''}<h1>Failed predictions</h1>
<p>They ran, and failed for good. They stay failed; one that is put back is a new one. All that are kept stand on the
<a href="/ops/queues">board</a>, as failed jobs of each model's retry queue.</p>
${failureTable(failures, 'The last of all models')}`;
      return htmlOf({ title: 'Failed predictions', nav: opsNav(viewOf(request)), main, isWide: true });
    }),
  );
  server.get<ById>(
    '/ops/predictions/:id',
    page<FastifyRequest<ById>>('still', async (request) => {
      const found = await putBack.find(request.params.id);
      const { submission } = found;
      // `find` has read it, so the id has an address.
      const address = parsePredictionId(submission.id);
      const timeline = address === null ? [] : await timelineOf(queues, deliveries, found, address);
      const features = repository.byId(submission.versionId)?.manifest.inputs ?? null;
      return predictionPage(found, { ...viewOf(request), features, timeline });
    }),
  );
  server.post<ById>('/ops/predictions/:id/put-back', async (request, reply) => {
    try {
      const fresh = await putBack.putBack(request.params.id, request.operator ?? LOCAL_CALLER, parts.baseUrl);
      return await reply.redirect(`/ops/predictions/${fresh.id}`, 303);
    } catch (error) {
      return sendError(error, viewOf(request), reply, parts.logger);
    }
  });
}

function sendError(error: unknown, view: StatusPageOptions, reply: FastifyReply, logger: Logger): FastifyReply {
  const { status, title, sentence } = inWords(error);
  if (status === 500) logger.error({ err: error }, 'a page for operators failed');
  const main = `<h1>${escapeHtml(title)}</h1>\n<p>${escapeHtml(sentence)}</p>\n`;
  const html = htmlOf({ title, nav: opsNav(view), main });
  return reply.status(status).headers(pageHeaders(POLICIES.still)).send(html);
}

function inWords(error: unknown): { readonly status: number; readonly title: string; readonly sentence: string } {
  if (error instanceof ProblemError) {
    const { status, title, detail } = error.problem;
    return { status, title, sentence: detail };
  }
  if (error instanceof QueueFullError) {
    return { status: 429, title: 'No room', sentence: 'Redis has no room for new predictions.' };
  }
  if (error instanceof QueueUnavailableError) {
    return { status: 503, title: 'Redis is away', sentence: 'Redis does not answer. See the runbook redis-away.' };
  }
  return { status: 500, title: 'This page failed', sentence: 'The log of the API says why.' };
}
