import { Controller, Get, Header, HttpCode, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { notFound, problem, ProblemError } from '#contract/problem';
import type { Delivery } from '#domain/delivery';
import { withinBudget } from '#queue/connection';
import { Deliveries } from '#queue/deliveries';
import { WebhookSecrets } from '#queue/webhook-secrets';
import { Requires } from '../access/requires.js';
import { ApiProblems } from '../openapi-parts.js';
import {
  DeliveryList,
  DeliveryParams,
  DeliveryQuery,
  DeliveryResource,
  EventList,
  EventQuery,
  SecretResource,
} from './deliveries.dto.js';
import { toResource } from './delivery-resource.js';

const PAGE = 100;

const UNKNOWN = 'Unknown, or no longer kept.';
const NO_ID = 'Not the id of a delivery.';
const AWAY = 'Redis is away.';

/** What was sent to whom, and the same events for callers that nobody can call. */
@ApiTags('webhooks')
@Controller('v1')
export class DeliveriesController {
  constructor(
    @Inject(Deliveries) private readonly deliveries: Deliveries,
    @Inject(WebhookSecrets) private readonly secrets: WebhookSecrets,
  ) {}

  @ApiOperation({
    summary: 'Get the signing secret of your webhooks',
    description: 'It signs every message, as Standard Webhooks 1.0 says. The first call creates it.',
  })
  @ApiOkResponse({ type: SecretResource, description: 'The secret that signs from now on.' })
  @ApiProblems({ 503: AWAY })
  @Requires('predict')
  @Get('webhooks/default/secret')
  @Header('cache-control', 'no-store')
  async secret(@Req() { caller }: FastifyRequest): Promise<SecretResource> {
    const [key = ''] = await this.secrets.of(caller.client);
    return { key };
  }

  @ApiOperation({
    summary: 'Replace the signing secret',
    description: 'For 24 hours every message carries two signatures, one with each secret.',
  })
  @ApiOkResponse({ type: SecretResource, description: 'The secret that signs from now on.' })
  @ApiProblems({ 503: AWAY })
  @Requires('predict', { bodyless: true })
  @Post('webhooks/default/secret/rotate')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  async rotate(@Req() { caller }: FastifyRequest): Promise<SecretResource> {
    const [key = ''] = await this.secrets.rotate(caller.client);
    return { key };
  }

  @ApiOperation({ summary: 'List your deliveries, newest first' })
  @ApiOkResponse({ type: DeliveryList, description: 'Your deliveries.' })
  @ApiProblems({ 422: 'The query is not valid.', 503: AWAY })
  @Requires('predict')
  @Get('deliveries')
  async list(@Req() { caller }: FastifyRequest, @Query() query: DeliveryQuery): Promise<DeliveryList> {
    const { limit = String(PAGE), before = null, status = null } = query;
    const wish = { limit: Number(limit), before, status };
    const { deliveries, next } = await this.#ask((store) => store.list(caller.client, wish));
    return {
      next: next === null ? null : pageBehind(next, query),
      previous: null,
      results: deliveries.map(toResource),
    };
  }

  @ApiOperation({ summary: 'Show a delivery: its tries, and when the next one is' })
  @ApiOkResponse({ type: DeliveryResource, description: 'Where it stands.' })
  @ApiProblems({ 404: UNKNOWN, 422: NO_ID, 503: AWAY })
  @Requires('predict')
  @Get('deliveries/:id')
  async show(@Req() { caller }: FastifyRequest, @Param() { id }: DeliveryParams): Promise<DeliveryResource> {
    return toResource(await this.#own(caller.client, id));
  }

  @ApiOperation({
    summary: 'Send a delivery again, now',
    description: 'The same message with the same `webhook-id`; if it fails, the schedule of tries starts over.',
  })
  @ApiOkResponse({ type: DeliveryResource, description: 'Where it stands now.' })
  @ApiProblems({ 404: UNKNOWN, 409: 'The message is no longer kept.', 422: NO_ID, 503: AWAY })
  @Requires('predict', { bodyless: true })
  @Post('deliveries/:id/redeliver')
  @HttpCode(200)
  async redeliver(@Req() { caller }: FastifyRequest, @Param() { id }: DeliveryParams): Promise<DeliveryResource> {
    await this.#own(caller.client, id);
    if (await this.#ask((store) => store.redeliver(id))) return toResource(await this.#own(caller.client, id));
    throw new ProblemError(problem(409, 'message_removed', 'The message is no longer kept and cannot be sent again.'));
  }

  @ApiOperation({
    summary: 'Read your events, oldest first',
    description:
      'The same events as webhooks, with the same ids. Set `webhook_events_filter` on a prediction to have them.',
  })
  @ApiOkResponse({ type: EventList, description: 'Your events.' })
  @ApiProblems({ 422: 'The query is not valid.', 503: AWAY })
  @Requires('predict')
  @Get('events')
  async events(@Req() { caller }: FastifyRequest, @Query() query: EventQuery): Promise<EventList> {
    const limit = Number(query.limit ?? PAGE);
    const found = await this.#ask((store) => store.events(caller.client, { limit, after: query.after ?? null }));
    const results = found.map(({ cursor, id, kind, body }) => ({
      cursor,
      id,
      event: kind,
      data: body === null ? null : (JSON.parse(body) as Record<string, unknown>),
    }));
    return { next: found.at(-1)?.cursor ?? query.after ?? null, results };
  }

  async #own(client: string, id: string): Promise<Delivery> {
    const delivery = await this.#ask((store) => store.read(id));
    if (delivery?.client !== client) throw notFound('There is no such delivery.');
    return delivery;
  }

  #ask<T>(question: (store: Deliveries) => Promise<T>): Promise<T> {
    return withinBudget(this.deliveries.redis, () => question(this.deliveries));
  }
}

/** The same question, further on. */
function pageBehind(cursor: string, { limit = String(PAGE), status }: DeliveryQuery): string {
  const filter = status === undefined ? {} : { status };
  return `/v1/deliveries?${new URLSearchParams({ limit, ...filter, before: cursor }).toString()}`;
}
