import { Readable } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import { Controller, Delete, Get, HttpCode, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { invalidFields, notFound } from '#contract/problem';
import type { StoredFile } from '#domain/stored-file';
import { Files } from '#queue/files';
import { Requires } from '../access/requires.js';
import { withFirstPartRead } from '../first-part.js';
import { type FileObject, toFileObject, toResultFileObject } from './file-object.js';
import { listObject } from './list-object.js';
import { ListFilesQuery, ObjectParams } from './openai.dto.js';
import { notYours, OwnFileBatches } from './own-file-batches.js';
import { ReceiveFile } from './receive-file.js';
import { parseResultFileId } from './result-files.js';

const CONTENT_TYPE = 'application/jsonl';

/** Files of which batches are made, and those with their results. Described in `openai.openapi`. */
@ApiExcludeController()
@Controller('openai/v1/files')
export class FilesController {
  constructor(
    @Inject(Files) private readonly files: Files,
    @Inject(ReceiveFile) private readonly receiveFile: ReceiveFile,
    @Inject(OwnFileBatches) private readonly batches: OwnFileBatches,
  ) {}

  @Requires('predict', { stream: true })
  @Post()
  @HttpCode(200)
  async create(@Req() request: FastifyRequest): Promise<FileObject> {
    if (request.body === undefined) {
      throw invalidFields([{ pointer: '/file', code: 'missing_field', detail: 'is required' }]);
    }
    const upload = { body: request.body as IncomingMessage, contentType: request.sentAs };
    return toFileObject(await this.receiveFile.receive(request.caller.client, upload));
  }

  /** Those that were sent; files of results are named by their batches. */
  @Requires('predict')
  @Get()
  async list(@Query() query: ListFilesQuery, @Req() request: FastifyRequest): Promise<object> {
    const { limit, after, order = 'desc', purpose = 'batch' } = query;
    const all = purpose === 'batch' ? await this.files.list(request.caller.client) : [];
    if (order === 'asc') all.reverse();
    const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
    // An id that nobody knows any more has nothing behind it.
    const behind = after !== undefined && from === 0 ? [] : all.slice(from);
    const page = behind.slice(0, Number(limit ?? behind.length));
    return listObject(page.map(toFileObject), behind.length > page.length);
  }

  @Requires('predict')
  @Get(':id')
  async show(@Param() { id }: ObjectParams, @Req() request: FastifyRequest): Promise<FileObject> {
    const results = parseResultFileId(id);
    if (results === null) return toFileObject(await this.#require(id, request));
    const { lines, createdAtMs } = await this.batches.results(results, request);
    let sizeBytes = 0;
    for await (const some of lines) sizeBytes += Buffer.byteLength(some);
    return toResultFileObject(results, sizeBytes, createdAtMs);
  }

  @Requires('predict')
  @Get(':id/content')
  async content(
    @Param() { id }: ObjectParams,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const results = parseResultFileId(id);
    const chunks = await withFirstPartRead<Buffer | string>(
      results === null
        ? this.files.read(await this.#require(id, request))
        : (await this.batches.results(results, request)).lines,
    );
    reply.header('cache-control', 'private, no-cache').type(CONTENT_TYPE);
    await reply.send(Readable.from(chunks, { objectMode: false, highWaterMark: 1 }));
  }

  @Requires('predict', { bodyless: true })
  @Delete(':id')
  async remove(@Param() { id }: ObjectParams, @Req() request: FastifyRequest): Promise<object> {
    const results = parseResultFileId(id);
    if (results !== null) {
      // Another client's does not exist.
      await this.batches.results(results, request);
      throw notYours(results.batchId);
    }
    await this.files.remove(await this.#require(id, request));
    return { id, object: 'file', deleted: true };
  }

  async #require(id: string, { caller }: FastifyRequest): Promise<StoredFile> {
    const file = await this.files.find(caller.client, id);
    if (file === null) throw notFound('There is no such file.');
    return file;
  }
}
