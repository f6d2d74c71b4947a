import { Controller, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Requires } from '../access/requires.js';
import { ApiProblems } from '../openapi-parts.js';
import {
  FleetResource,
  ModelParam,
  ModelStatusList,
  ModelStatusResource,
  PredictionParam,
  TimelineResource,
} from './operations.dto.js';
import { Operations } from './operations.js';

const AWAY = 'Redis is away.';
const SWITCH_PROBLEMS = {
  404: 'There is no such model.',
  422: 'Not the name of a model.',
  503: 'Redis is away; repeating the call is harmless.',
};
const SEEN = 'Every process follows within a second or two. Repeating the call changes nothing.';

/** What operators see of a fleet, and what they switch. */
@ApiTags('operations')
@Controller('v1')
export class OperationsController {
  constructor(@Inject(Operations) private readonly operations: Operations) {}

  @ApiOperation({
    operationId: 'getFleet',
    summary: 'Show the fleet',
    description: 'Workers, queues, Redis, webhooks owed, the last failures: what `/ops` shows. At most a second old.',
  })
  @ApiOkResponse({ type: FleetResource, description: 'The fleet as this process sees it.' })
  @ApiProblems({ 503: AWAY })
  @Requires('operate')
  @Get('fleet')
  fleet(): Promise<FleetResource> {
    return this.operations.fleet();
  }

  @ApiOperation({
    operationId: 'listModelStatus',
    summary: 'List the models: what runs, what waits, what is switched off',
  })
  @ApiOkResponse({ type: ModelStatusList, description: 'All models, by name.' })
  @ApiProblems({})
  @Requires('operate')
  @Get('operations/models')
  models(): ModelStatusList {
    return { next: null, previous: null, results: this.operations.models() };
  }

  @ApiOperation({
    operationId: 'pauseModel',
    summary: 'Pause a model',
    description: `Predictions and batches are accepted and wait; workers finish what they have in hand. ${SEEN}`,
  })
  @ApiOkResponse({ type: ModelStatusResource, description: 'The model as it is now.' })
  @ApiProblems(SWITCH_PROBLEMS)
  @Requires('operate', { bodyless: true })
  @Post('operations/models/:model/pause')
  @HttpCode(200)
  pause(@Param() { model }: ModelParam, @Req() { caller }: FastifyRequest): Promise<ModelStatusResource> {
    return this.operations.switchModel(model, 'paused', caller);
  }

  @ApiOperation({
    operationId: 'resumeModel',
    summary: 'Resume a model',
    description: `Ends a pause or a drain. ${SEEN}`,
  })
  @ApiOkResponse({ type: ModelStatusResource, description: 'The model as it is now.' })
  @ApiProblems(SWITCH_PROBLEMS)
  @Requires('operate', { bodyless: true })
  @Post('operations/models/:model/resume')
  @HttpCode(200)
  resume(@Param() { model }: ModelParam, @Req() { caller }: FastifyRequest): Promise<ModelStatusResource> {
    return this.operations.switchModel(model, 'running', caller);
  }

  @ApiOperation({
    operationId: 'drainModel',
    summary: 'Drain a model',
    description:
      'New predictions and batches are refused with 503 `model_draining`; what was accepted still runs, and so does a ' +
      `batch whose rows are arriving. The model is drained when nothing waits or runs. ${SEEN}`,
  })
  @ApiOkResponse({ type: ModelStatusResource, description: 'The model as it is now.' })
  @ApiProblems(SWITCH_PROBLEMS)
  @Requires('operate', { bodyless: true })
  @Post('operations/models/:model/drain')
  @HttpCode(200)
  drain(@Param() { model }: ModelParam, @Req() { caller }: FastifyRequest): Promise<ModelStatusResource> {
    return this.operations.switchModel(model, 'draining', caller);
  }

  @ApiOperation({
    operationId: 'getTimeline',
    summary: "Read a prediction's story",
    description:
      'When it was accepted, queued, taken, run, retried, ended and announced. Without its input and output.',
  })
  @ApiOkResponse({ type: TimelineResource, description: 'What has happened to it.' })
  @ApiProblems({ 404: 'Unknown, or ended and no longer kept.', 422: 'Not the id of a prediction.', 503: AWAY })
  @Requires('operate')
  @Get('operations/predictions/:id/timeline')
  async timeline(@Param() { id }: PredictionParam): Promise<TimelineResource> {
    const { prediction, held, steps } = await this.operations.story(id);
    const { submission, standing } = prediction;
    return {
      id: submission.id,
      model: submission.model,
      version_label: submission.versionLabel,
      client: submission.client,
      status: standing.status,
      error_code: standing.failure?.code ?? null,
      error: standing.failure?.message ?? null,
      held,
      steps,
    };
  }
}
