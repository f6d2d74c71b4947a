/** The pages for operators, on the operations port behind its door. */
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '#contract/problem';
import type { Caller } from '#domain/key-record';
import { isOfOurForm } from '#domain/prediction-id';
import type { ModelRepository } from '#models/repository';
import { QueueFullError, QueueUnavailableError } from '#queue/connection';
import type { Logger } from '#telemetry/logger';
import { LOCAL_CALLER } from '../access/guard.js';
import { choicePage } from './choice-page.js';
import type { Operations } from './operations.js';
import { escapeHtml, htmlOf, pageHeaders, pagePolicy } from './page.js';
import { predictionPage } from './prediction-page.js';
import {
  failureTable,
  LIVE_SCRIPT,
  OPEN_BANNER,
  opsNav,
  statusPage,
  type StatusPageOptions,
  SWITCHES,
} from './status-page.js';

export interface OperatorPagesParts {
  /** Keys are off. */
  readonly isOpen: boolean;
  /** Address of the public API, for what the new prediction's links name. */
  readonly baseUrl: string;
  readonly operations: Operations;
  /** Share of Redis's memory above which submits are refused. */
  readonly memoryMark: number;
  readonly repository: ModelRepository;
  readonly logger: Logger;
}

const POLICIES = { live: pagePolicy({ script: LIVE_SCRIPT, hasForms: true }), still: pagePolicy({ hasForms: true }) };

type ById = { Params: { id: string } };
type ByModel = { Params: { model: string } };

export function mountOperatorPages(app: NestFastifyApplication, parts: OperatorPagesParts): void {
  const server: FastifyInstance = app.getHttpAdapter().getInstance();
  const { isOpen, operations, repository } = parts;
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
    page('live', async (request) => statusPage(await operations.fleet(), viewOf(request), parts.memoryMark)),
  );
  server.get(
    '/ops/failed',
    page('still', async (request) => {
      const { last_failures: failures } = await operations.fleet();
      const main = `${isOpen ? OPEN_BANNER : ''}<h1>Failed predictions</h1>
<p>These predictions ran and failed for good. They stay failed; putting one back makes a new one. All that are kept
are on the <a href="/ops/queues">board</a>, as failed jobs of each model's retry queue.</p>
${failureTable(failures, 'The last of all models')}`;
      return htmlOf({ title: 'Failed predictions', nav: opsNav(viewOf(request)), main, isWide: true });
    }),
  );
  server.get<{ Querystring: { id?: unknown } }>('/ops/predictions', async (request, reply) => {
    const id = typeof request.query.id === 'string' ? request.query.id.trim() : '';
    try {
      const hits = isOfOurForm(id) ? [] : await operations.byOwnId(id);
      const [only = { id }, ...others] = hits;
      if (others.length === 0) return await reply.redirect(`/ops/predictions/${only.id}`, 302);
      return await reply.headers(pageHeaders(POLICIES.still)).send(choicePage(id, hits, viewOf(request)));
    } catch (error) {
      return sendError(error, viewOf(request), reply, parts.logger);
    }
  });
  server.get<ById>(
    '/ops/predictions/:id',
    page<FastifyRequest<ById>>('still', async (request) => {
      const { prediction, held, steps: timeline } = await operations.story(request.params.id);
      const { model, versionId } = prediction.submission;
      const features = repository.byId(versionId)?.manifest.inputs ?? null;
      return predictionPage(prediction, {
        ...viewOf(request),
        features,
        timeline,
        held,
        model: operations.model(model),
      });
    }),
  );
  /** What is done leads to the page that shows it. */
  const form =
    <T extends FastifyRequest>(act: (request: T, operator: Caller) => Promise<string>) =>
    async (request: T, reply: FastifyReply): Promise<FastifyReply> => {
      try {
        return await reply.redirect(await act(request, request.operator ?? LOCAL_CALLER), 303);
      } catch (error) {
        return sendError(error, viewOf(request), reply, parts.logger);
      }
    };
  server.post<ById>(
    '/ops/predictions/:id/put-back',
    form<FastifyRequest<ById>>(async ({ params }, operator) => {
      const fresh = await operations.redrive(params.id, operator, parts.baseUrl);
      return `/ops/predictions/${fresh.id}`;
    }),
  );
  for (const { verb, to } of SWITCHES) {
    server.post<ByModel>(
      `/ops/models/:model/${verb}`,
      form<FastifyRequest<ByModel>>(async ({ params }, operator) => {
        await operations.switchModel(params.model, to, operator);
        return '/ops';
      }),
    );
  }
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
