import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { Controller, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { BatchResource } from '#contract/batch.dto';
import { invalidFields, notFound, problem, ProblemError } from '#contract/problem';
import { withinBudget } from '#queue/connection';
import { formatOf } from '#rows/format';
import { Requires } from '../access/requires.js';
import { withFirstPartRead } from '../first-part.js';
import { ClientAddress } from '../client-address.js';
import { idempotencyKeyOf } from '../preferences.js';
import { traceOf } from '../request-trace.js';
import type { Upload } from './row-source.js';
import { readOptions } from './batch-options.js';
import { BatchParams, CreateBatchQuery, ListBatchesQuery, ResultsQuery } from './batches.dto.js';
import { BatchParts } from './build-batches.js';
import { OwnBatches } from './own-batches.js';
import { type ResultFormat, resultWriter } from './result-lines.js';

const PAGE = 20;

/** Rows that are sent together, and their results. */
@ApiTags('batches')
@Controller('v1/batches')
export class BatchesController {
  constructor(
    @Inject(BatchParts) private readonly parts: BatchParts,
    @Inject(OwnBatches) private readonly own: OwnBatches,
    @Inject(ClientAddress) private readonly address: ClientAddress,
  ) {}

  @ApiOperation({
    operationId: 'createBatch',
    summary: 'Create a batch of rows',
    description: 'JSON array, NDJSON or CSV. Answered when the last row is in the queue.',
  })
  @ApiCreatedResponse()
  @Requires('predict', { stream: true })
  @Post()
  async create(
    @Query() query: CreateBatchQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const upload = uploadOf(request);
    const accepted = await this.parts.accept.accept(
      {
        ...readOptions(query, upload.format),
        client: request.caller.client,
        idempotencyKey: idempotencyKeyOf(request.headers['idempotency-key']),
        baseUrl: this.address.baseUrl(request),
        traceFor: (callback) => traceOf(request, callback),
      },
      upload,
    );
    const batch = await this.own.read(accepted.model, accepted.id);
    if (batch === null) throw notFound(`The batch ${accepted.id} has ended and is no longer kept.`, 'expired');
    request.acceptedBatch = batch;
    const resource = this.own.show(batch, request);
    if (accepted.replayed) reply.header('idempotency-replayed', 'true');
    reply.code(201).header('location', resource.urls.get).send(resource);
  }

  @ApiOperation({ operationId: 'listBatches', summary: 'List your batches, newest first' })
  @ApiOkResponse()
  @Requires('predict')
  @Get()
  async list(@Query() query: ListBatchesQuery, @Req() request: FastifyRequest): Promise<object> {
    const limit = Number(query.limit ?? PAGE);
    const { batches, redis } = this.parts;
    const { client } = request.caller;
    const ids = await withinBudget(redis, () => batches.idsOf(client, limit, query.before ?? null));
    const found = await Promise.all(ids.map((id) => this.own.find(id, client)));
    const last = ids.at(-1);
    const next = ids.length < limit || last === undefined ? null : `/v1/batches?limit=${limit}&before=${last}`;
    const results = found.flatMap((batch) => (batch === null ? [] : [this.own.show(batch, request)]));
    return { next, previous: null, results };
  }

  @ApiOperation({ operationId: 'getBatch', summary: 'Get a batch and its progress' })
  @ApiOkResponse()
  @Requires('predict')
  @Get(':id')
  async show(@Param() { id }: BatchParams, @Req() request: FastifyRequest): Promise<BatchResource> {
    return this.own.show(await this.own.require(id, request), request);
  }

  @ApiOperation({
    operationId: 'getBatchResults',
    summary: 'Read the results of a batch in the order of its rows',
    description: 'Also while it runs: continue with `after` where the last answer ended.',
  })
  @ApiOkResponse()
  @Requires('predict')
  @Get(':id/results')
  async results(
    @Param() { id }: BatchParams,
    @Query() { after }: ResultsQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { reader } = this.parts;
    const record = await this.own.requireRecord(id, request);
    const { outputs } = this.parts.catalogue.version(record.plan.versionId).manifest;
    const writer = resultWriter(resultFormatOf(request.headers.accept), outputs);
    const from = after === undefined ? 0 : Number(after) + 1;
    const blocks = await withFirstPartRead(reader.results.read(record, from));
    async function* lines(): AsyncGenerator<string, void, undefined> {
      if (from === 0) yield writer.header;
      for await (const results of blocks) yield writer.lines(results);
    }
    reply.header('cache-control', 'private, no-cache').type(writer.contentType);
    await reply.send(Readable.from(lines(), { objectMode: false, highWaterMark: 1 }));
  }

  @ApiOperation({
    operationId: 'cancelBatch',
    summary: 'Cancel a batch',
    description: 'Rows that have not run never will; results that exist are kept.',
  })
  @ApiOkResponse()
  @Requires('predict', { bodyless: true })
  @Post(':id/cancel')
  @HttpCode(200)
  async cancel(@Param() { id }: BatchParams, @Req() request: FastifyRequest): Promise<BatchResource> {
    const { plan } = await this.own.require(id, request);
    const { batches, redis } = this.parts;
    await withinBudget(redis, () => batches.mark(plan.model, id, { kind: 'canceled', atMs: Date.now() }));
    return this.own.show(await this.own.require(id, request), request);
  }
}

/** @throws ProblemError 415, and 422 where there is no body at all */
function uploadOf({ sentAs, headers, body, raw }: FastifyRequest): Upload {
  if (sentAs === undefined && body === undefined) {
    throw invalidFields([{ pointer: '', code: 'empty_batch', detail: 'has no rows' }]);
  }
  const format = formatOf(sentAs);
  if (format === null) {
    const detail = 'Send the rows as application/json (an array), application/x-ndjson or text/csv, in UTF-8.';
    throw new ProblemError(problem(415, 'unsupported_media_type', detail));
  }
  const encoding = ENCODINGS.get((headers['content-encoding'] ?? '').trim().toLowerCase());
  if (encoding === undefined) {
    throw new ProblemError(problem(415, 'unsupported_encoding', 'The Content-Encoding must be gzip, or none.'));
  }
  const { socket } = raw;
  return { body: body as IncomingMessage, format, encoding, isSenderGone: () => socket.destroyed };
}

/** Codings are named in any case, and x-gzip is an old name of gzip (RFC 9110, 8.4.1). */
const ENCODINGS: ReadonlyMap<string, Upload['encoding']> = new Map([
  ['', 'identity'],
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
]);

/** @throws ProblemError 406 */
function resultFormatOf(accept: string | undefined): ResultFormat {
  const types = (accept ?? '*/*')
    .toLowerCase()
    .split(',')
    .map((type) => type.split(';')[0]?.trim() ?? '');
  for (const type of types) {
    if (type === 'text/csv') return 'csv';
    if (['application/x-ndjson', 'application/jsonl', 'application/json', 'application/*', '*/*'].includes(type)) {
      return 'ndjson';
    }
  }
  throw new ProblemError(problem(406, 'not_acceptable', 'Results are application/x-ndjson or text/csv.'));
}
