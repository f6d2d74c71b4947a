import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { notFound } from '#contract/problem';
import { withinBudget } from '#queue/connection';
import { Requires } from '../access/requires.js';
import { textsOf } from '../batches/batch-options.js';
import { BatchParts } from '../batches/build-batches.js';
import { OwnBatches } from '../batches/own-batches.js';
import { ClientAddress } from '../client-address.js';
import { idempotencyKeyOf } from '../preferences.js';
import { traceOf } from '../request-trace.js';
import { type BatchObject, toRefusedObject } from './batch-object.js';
import { CreateFileBatch, type Created } from './create-file-batch.js';
import { listObject } from './list-object.js';
import { CreateFileBatchBody, ListQuery, ObjectParams } from './openai.dto.js';
import { OwnFileBatches } from './own-file-batches.js';

const PAGE = 20;

/** Batches as clients of OpenAI know them. Described in `openai.openapi`. */
@ApiExcludeController()
@Controller('openai/v1/batches')
export class FileBatchesController {
  constructor(
    @Inject(CreateFileBatch) private readonly createFileBatch: CreateFileBatch,
    @Inject(OwnFileBatches) private readonly own: OwnFileBatches,
    @Inject(OwnBatches) private readonly batches: OwnBatches,
    @Inject(BatchParts) private readonly parts: BatchParts,
    @Inject(ClientAddress) private readonly address: ClientAddress,
  ) {}

  @Requires('predict')
  @Post()
  @HttpCode(200)
  async create(
    @Body() body: CreateFileBatchBody,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const created = await this.createFileBatch.create({
      client: request.caller.client,
      source: {
        fileId: body.input_file_id,
        endpoint: body.endpoint,
        completionWindow: body.completion_window,
      },
      metadata: body.metadata === undefined || body.metadata === null ? null : textsOf(body.metadata),
      idempotencyKey: idempotencyKeyOf(request.headers['idempotency-key']),
      baseUrl: this.address.baseUrl(request),
      traceFor: (callback) => traceOf(request, callback),
      isSenderGone: () => request.raw.socket.destroyed,
    });
    const object = await this.#show(created, request);
    if (created.kind === 'accepted' && created.batch.replayed) reply.header('idempotency-replayed', 'true');
    reply.send(object);
  }

  @Requires('predict')
  @Get()
  async list(@Query() { limit, after }: ListQuery, @Req() request: FastifyRequest): Promise<object> {
    const page = await this.own.list(request.caller.client, Number(limit ?? PAGE), after ?? null);
    return listObject(page.items, page.hasMore);
  }

  @Requires('predict')
  @Get(':id')
  async show(@Param() { id }: ObjectParams, @Req() request: FastifyRequest): Promise<BatchObject> {
    return this.own.require(id, request.caller.client);
  }

  /** One that has ended is answered as it ended. */
  @Requires('predict', { bodyless: true })
  @Post(':id/cancel')
  @HttpCode(200)
  async cancel(@Param() { id }: ObjectParams, @Req() request: FastifyRequest): Promise<BatchObject> {
    const { client } = request.caller;
    const batch = await this.own.requireBatch(id, client);
    if (batch !== null) {
      const { batches, redis } = this.parts;
      const { model, id: known } = batch.plan;
      await withinBudget(redis, () => batches.mark(model, known, { kind: 'canceled', atMs: Date.now() }));
    }
    return this.own.require(id, client);
  }

  async #show(created: Created, request: FastifyRequest): Promise<BatchObject> {
    if (created.kind === 'refused') return toRefusedObject(created.batch);
    const { model, id } = created.batch;
    const batch = await this.batches.read(model, id);
    if (batch?.plan.source === undefined) {
      throw notFound(`The batch ${id} has ended and is no longer kept.`, 'expired');
    }
    request.acceptedBatch = batch;
    return this.own.show(batch, batch.plan.source);
  }
}
