import { Controller, Get, HttpCode, Inject, Param, Post, Query, Req } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { problem, ProblemError } from '#contract/problem';
import { toTime } from '#contract/time';
import type { Delivery } from '#domain/delivery';
import type { FailedPlace, FailedPrediction } from '#queue/failed-predictions';
import { Requires } from '../access/requires.js';
import { ClientAddress } from '../client-address.js';
import { ApiProblems } from '../openapi-parts.js';
import { DeliveryParams } from '../webhooks/deliveries.dto.js';
import { toResource } from '../webhooks/delivery-resource.js';
import {
  DeadDeliveryList,
  DeadDeliveryQuery,
  DeadDeliveryResource,
  DeadLetterList,
  DeadLetterQuery,
  DeadLetterResource,
  RedrivenResource,
} from './dead-letters.dto.js';
import { PredictionParam } from './operations.dto.js';
import { Operations } from './operations.js';

const PAGE = 100;
const AWAY = 'Redis is away.';

/** What failed for good, of all clients: predictions, and webhooks. */
@ApiTags('operations')
@Controller('v1/operations')
export class DeadLettersController {
  constructor(
    @Inject(Operations) private readonly operations: Operations,
    @Inject(ClientAddress) private readonly address: ClientAddress,
  ) {}

  @ApiOperation({
    operationId: 'listDeadLetters',
    summary: 'List predictions that failed for good, newest first',
    description: 'Those of all clients, for as long as they are kept, without their inputs.',
  })
  @ApiOkResponse({ type: DeadLetterList, description: 'Failed predictions.' })
  @ApiProblems({ 404: 'There is no such model.', 422: 'The query is not valid.', 503: AWAY })
  @Requires('operate')
  @Get('dead-letters')
  async list(@Query() query: DeadLetterQuery): Promise<DeadLetterList> {
    const { model = null, error_code: code, limit = String(PAGE), cursor } = query;
    const before = cursor === undefined ? null : placeOf(cursor);
    const { predictions, next } = await this.operations.failed(model, { limit: Number(limit), before });
    const wanted = predictions.filter(({ failure }) => code === undefined || failure.code === code);
    const behind = next === null ? null : pageBehind('dead-letters', query, `${next.atMs}-${next.jobId}`);
    return { next: behind, previous: null, results: wanted.map(toDeadLetter) };
  }

  @ApiOperation({
    operationId: 'redriveDeadLetter',
    summary: 'Put a failed prediction back, as a new one',
    description:
      'The new one has the same input, version, client and webhook, and `metadata.retry_of`. The failed one stays failed. ' +
      'Repeating the call does not make another one. The log says who did it.',
  })
  @ApiCreatedResponse({ type: RedrivenResource, description: 'The new prediction.' })
  @ApiProblems({
    404: 'Unknown, or ended and no longer kept.',
    409: 'It has not failed, or is being put back right now.',
    422: 'Not the id of a prediction, or its version is no longer served.',
    429: 'The queue is full; `Retry-After` says when to come back.',
    503: 'Redis is away, or the model is being drained.',
  })
  @Requires('operate', { bodyless: true })
  @Post('dead-letters/:id/redrive')
  async redrive(@Param() { id }: PredictionParam, @Req() request: FastifyRequest): Promise<RedrivenResource> {
    const fresh = await this.operations.redrive(id, request.caller, this.address.baseUrl(request));
    const { model, versionLabel, client } = fresh;
    return { id: fresh.id, retry_of: id, model, version_label: versionLabel, client };
  }

  @ApiOperation({
    operationId: 'listDeadDeliveries',
    summary: 'List webhooks that were given up, newest first',
    description: 'Those of all clients, for seven days. Only the host of each URL is shown.',
  })
  @ApiOkResponse({ type: DeadDeliveryList, description: 'Webhooks that were given up.' })
  @ApiProblems({ 422: 'The query is not valid.', 503: AWAY })
  @Requires('operate')
  @Get('dead-deliveries')
  async deliveries(@Query() query: DeadDeliveryQuery): Promise<DeadDeliveryList> {
    const { limit = String(PAGE), cursor = null } = query;
    const { deliveries, next } = await this.operations.deadDeliveries({ limit: Number(limit), before: cursor });
    const behind = next === null ? null : pageBehind('dead-deliveries', query, next);
    return { next: behind, previous: null, results: deliveries.map(toDeadDelivery) };
  }

  @ApiOperation({
    operationId: 'redeliverDeadDelivery',
    summary: 'Send a webhook again, now',
    description: 'The same message with the same `webhook-id`; if it fails, the schedule of tries starts over.',
  })
  @ApiOkResponse({ type: DeadDeliveryResource, description: 'Where it stands now.' })
  @ApiProblems({
    404: 'Unknown, or no longer kept.',
    409: 'The message is no longer kept.',
    422: 'Not the id of a delivery.',
    503: AWAY,
  })
  @Requires('operate', { bodyless: true })
  @Post('dead-deliveries/:id/redeliver')
  @HttpCode(200)
  async redeliver(@Param() { id }: DeliveryParams, @Req() { caller }: FastifyRequest): Promise<DeadDeliveryResource> {
    const delivery = await this.operations.redeliver(id, caller);
    if (delivery !== null) return toDeadDelivery(delivery);
    throw new ProblemError(problem(409, 'message_removed', 'The message is no longer kept and cannot be sent again.'));
  }
}

/** @param cursor checked by its form */
function placeOf(cursor: string): FailedPlace {
  const dash = cursor.indexOf('-');
  return { atMs: Number(cursor.slice(0, dash)), jobId: cursor.slice(dash + 1) };
}

/** The same question, further on. */
function pageBehind(list: string, query: DeadLetterQuery | DeadDeliveryQuery, cursor: string): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query) as [string, string | undefined][]) {
    if (value !== undefined) search.set(name, value);
  }
  search.set('cursor', cursor);
  return `/v1/operations/${list}?${search.toString()}`;
}

function toDeadLetter(prediction: FailedPrediction): DeadLetterResource {
  const { id, model, versionLabel, client, failure, createdAtMs, failedAtMs } = prediction;
  return {
    id,
    model,
    version_label: versionLabel,
    client,
    error_code: failure.code,
    error: failure.message,
    created_at: toTime(createdAtMs),
    failed_at: toTime(failedAtMs),
  };
}

/** The path of a URL may hold a secret. */
function toDeadDelivery(delivery: Delivery): DeadDeliveryResource {
  const { id, event, subject, status, created_at, attempts } = toResource(delivery);
  const { host } = new URL(delivery.url);
  return { id, client: delivery.client, host, event, subject, status, created_at, attempts };
}
