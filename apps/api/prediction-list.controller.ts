import { Controller, Get, Inject, Query, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { PredictionResource } from '#contract/prediction.dto';
import { invalidFields } from '#contract/problem';
import { Requires } from './access/requires.js';
import { ClientAddress } from './client-address.js';
import { ListPredictions } from './list-predictions.js';
import { OwnPredictions } from './own-predictions.js';
import { ListPredictionsQuery } from './predictions.dto.js';

const PAGE = 100;

interface PredictionList {
  readonly next: string | null;
  readonly previous: null;
  readonly results: readonly PredictionResource[];
}

@ApiTags('predictions')
@Controller('v1/predictions')
export class PredictionListController {
  constructor(
    @Inject(ListPredictions) private readonly list: ListPredictions,
    @Inject(OwnPredictions) private readonly own: OwnPredictions,
    @Inject(ClientAddress) private readonly address: ClientAddress,
  ) {}

  @ApiOperation({
    operationId: 'listPredictions',
    summary: 'List your predictions, newest first',
    description:
      'For as long as they are kept. Rows of batches are not among them: see `GET /v1/batches/{id}/results`. Follow ' +
      '`next` as given; with a filter, a page may be short or empty and still have one.',
  })
  @ApiOkResponse()
  @Requires('predict')
  @Get()
  async page(@Query() query: ListPredictionsQuery, @Req() request: FastifyRequest): Promise<PredictionList> {
    const { model = null, status = null, limit = String(PAGE), cursor = null } = query;
    const { predictions, next } = await this.list.page(request.caller.client, {
      limit: Number(limit),
      cursor,
      model,
      status,
      createdAfterMs: timeOf(query, 'created_after'),
      createdBeforeMs: timeOf(query, 'created_before'),
    });
    return {
      next: next === null ? null : this.#pageBehind(next, query, request),
      previous: null,
      results: predictions.map((prediction) => this.own.show(prediction, request)),
    };
  }

  /** Absolute: published clients resolve it against their own base. */
  #pageBehind(cursor: string, query: ListPredictionsQuery, request: FastifyRequest): string {
    const filters = Object.entries(query) as [string, string | undefined][];
    const search = new URLSearchParams();
    for (const [name, value] of filters) if (value !== undefined) search.set(name, value);
    search.set('cursor', cursor);
    return `${this.address.baseUrl(request)}/v1/predictions?${search.toString()}`;
  }
}

/** @throws ProblemError 422 for a day that is none, such as the 31st of February */
function timeOf(query: ListPredictionsQuery, name: 'created_after' | 'created_before'): number | null {
  const text = query[name];
  if (text === undefined) return null;
  const ms = Date.parse(text);
  if (!Number.isNaN(ms)) return ms;
  throw invalidFields([{ pointer: `/${name}`, code: 'invalid_field', detail: 'is not a time that exists' }]);
}
