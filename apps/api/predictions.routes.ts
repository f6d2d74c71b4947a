import { Controller, Get, HttpCode, Inject, Param, Post, Put, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  MODEL_PREDICTION_REQUEST_SCHEMA,
  PREDICTION_REQUEST_SCHEMA,
  type PredictionRequest,
} from '#contract/prediction.dto';
import { invalidFields, notFound, problem, ProblemError } from '#contract/problem';
import type { Callback } from '#domain/callback';
import type { Prediction } from '#domain/prediction';
import { isTerminal, NOT_STARTED } from '#domain/prediction';
import { isOfOurForm, isOwnId, parsePredictionId, type PredictionAddress, queueKindOf } from '#domain/prediction-id';
import { EnvelopeReader, type Found } from '#queue/envelope-reader';
import type { PlacedListener } from '#queue/envelope-writer';
import { ApiMetrics } from '#telemetry/metrics';
import { Requires } from './access/requires.js';
import { AcceptPrediction, type Accepted } from './accept-prediction.js';
import { AwaitPrediction, EarlyEar, type IsGone } from './await-prediction.js';
import { compileBodyValidator } from './body-validator.js';
import { CancelPrediction } from './cancel-prediction.js';
import { ClientAddress } from './client-address.js';
import type { RepeatKey } from './idempotency.js';
import { ModelCatalogue } from './model-catalogue.js';
import { ModelParams } from './models.controller.js';
import { OwnPredictions, requireOwn } from './own-predictions.js';
import { traceOf } from './request-trace.js';
import { cancelAfterMs, idempotencyKeyOf, waitSecondsOf, waitSecondsOfQuery } from './preferences.js';
import { Completions } from '#queue/completions';

const checkBody = compileBodyValidator(PREDICTION_REQUEST_SCHEMA);
const checkModelBody = compileBodyValidator(MODEL_PREDICTION_REQUEST_SCHEMA);

const GIVEN_BY_US = 'Ids of this form are given by Millrace: a prediction of your own needs another one.';
const OWN_ID_RULE =
  'must have an id of 1 to 128 letters, digits, dots, dashes, underscores and tildes that begins with a letter or digit';

@Controller('v1')
export class PredictionsController {
  constructor(
    @Inject(AcceptPrediction) private readonly acceptPrediction: AcceptPrediction,
    @Inject(AwaitPrediction) private readonly awaitPrediction: AwaitPrediction,
    @Inject(CancelPrediction) private readonly cancelPrediction: CancelPrediction,
    @Inject(EnvelopeReader) private readonly reader: EnvelopeReader,
    @Inject(Completions) private readonly completions: Completions,
    @Inject(ModelCatalogue) private readonly catalogue: ModelCatalogue,
    @Inject(OwnPredictions) private readonly own: OwnPredictions,
    @Inject(ClientAddress) private readonly address: ClientAddress,
    @Inject(ApiMetrics) private readonly metrics: ApiMetrics,
  ) {}

  /** Accepts a prediction and answers with its id, or, with `Prefer: wait`, with its outcome. */
  @Requires('predict')
  @Post('predictions')
  async create(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const errors = checkBody(request.body);
    if (errors !== null) throw invalidFields(errors);
    await this.#submit(request.body as PredictionRequest, request, reply);
  }

  /** The same for a model by its path. */
  @Requires('predict')
  @Post('models/:owner/:name/predictions')
  async createForModel(
    @Param() params: ModelParams,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const version = this.catalogue.latest(params.owner, params.name);
    const errors = checkModelBody(request.body);
    if (errors !== null) throw invalidFields(errors);
    const body = request.body as Omit<PredictionRequest, 'version'>;
    await this.#submit({ ...body, version: `${version.owner}/${version.name}` }, request, reply);
  }

  /** The same under an id of the client's own: however often it is sent, it is one prediction. */
  @Requires('predict')
  @Put('predictions/:id')
  async put(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    if (isOfOurForm(id)) throw notFound(GIVEN_BY_US);
    if (!isOwnId(id)) throw invalidFields([{ pointer: '', code: 'invalid_id', detail: OWN_ID_RULE }]);
    const errors = checkBody(request.body);
    if (errors !== null) throw invalidFields(errors);
    await this.#submit(request.body as PredictionRequest, request, reply, { kind: 'own_id', text: id });
  }

  /** Where a prediction stands; `?wait=` holds the answer until it has ended, at most a minute. */
  @Requires('predict')
  @Get('predictions/:id')
  async get(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { id } = request.params as { id: string };
    const query = request.query as Record<string, unknown>;
    const waitSeconds = waitSecondsOfQuery(query['wait']) ?? waitSecondsOf(request.headers.prefer);
    const { model, address } = await this.own.locate(id, request.caller);
    const found =
      waitSeconds === null
        ? await this.reader.readInTime(model, address)
        : await this.awaitPrediction.awaitAny({ model, address }, waitSeconds * 1_000, hungUp(request));
    const prediction = requireOwn(found, request.caller, id);
    const tag = entityTag(prediction);
    reply.header('etag', tag).header('cache-control', 'private, no-cache');
    if (waitSeconds !== null) reply.header('preference-applied', `wait=${waitSeconds}`);
    if (request.headers['if-none-match'] === tag) return void reply.code(304).send();
    reply.send(this.own.show(prediction, request));
  }

  /** Cancels what has not run; what has ended is answered as it is. */
  @Requires('predict', { bodyless: true })
  @Post('predictions/:id/cancel')
  @HttpCode(200)
  async cancel(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { model, address } = await this.own.locate(id, request.caller);
    if (queueKindOf(address.envelopeId) === 'b') await this.#refusePartOfBatch(id, model, address, request);
    const before = requireOwn(await this.reader.read(model, address), request.caller, id);
    const after = isTerminal(before.standing.status)
      ? before
      : requireOwn(await this.cancelPrediction.cancel(model, address), request.caller, id);
    reply.send(this.own.show(after, request));
  }

  /** A batch is canceled as a whole. */
  async #refusePartOfBatch(id: string, model: string, at: PredictionAddress, request: FastifyRequest): Promise<void> {
    const { submission } = requireOwn(await this.reader.read(model, at), request.caller, id);
    if (submission.batchId === null) return;
    const detail = `The prediction is a row of the batch ${submission.batchId}, which can be canceled as a whole.`;
    throw new ProblemError(problem(409, 'part_of_batch', detail));
  }

  async #submit(
    body: PredictionRequest,
    request: FastifyRequest,
    reply: FastifyReply,
    repeat = repeatKeyOf(request),
  ): Promise<void> {
    const waitSeconds = waitSecondsOf(request.headers.prefer);
    const options = {
      client: request.caller.client,
      repeat,
      cancelAfterMs: cancelAfterMs(request.headers['cancel-after']),
      baseUrl: this.address.baseUrl(request),
      traceFor: (callback: Callback | null) => traceOf(request, callback),
    };
    if (waitSeconds === null) {
      const accepted = await this.acceptPrediction.accept(body, options);
      return this.#answer(accepted, await this.#current(accepted), request, reply);
    }
    const ear = new EarlyEar();
    const onPlaced: PlacedListener = (envelopeId, row) => ear.listen(this.completions, envelopeId, row);
    const accepted = await this.acceptPrediction.accept(body, { ...options, onPlaced }).catch((error: unknown) => {
      // It may have been placed before Redis fell silent.
      ear.close();
      throw error;
    });
    const found = await this.#await(accepted, ear, waitSeconds * 1_000, hungUp(request));
    reply.header('preference-applied', `wait=${waitSeconds}`);
    this.#answer(accepted, found, request, reply);
  }

  async #await(accepted: Accepted, ear: EarlyEar, timeoutMs: number, isGone: IsGone): Promise<Found> {
    const { model, createdAtMs } = accepted.submission;
    const found = await this.awaitPrediction.awaitAccepted(accepted, ear, timeoutMs, isGone);
    this.metrics.endToEndSeconds.observe({ model }, (Date.now() - createdAtMs) / 1_000);
    return found;
  }

  /** A new prediction has not started; a repeated one stands where it stands. */
  async #current({ submission, replayed }: Accepted): Promise<Found> {
    if (!replayed) return { submission, standing: NOT_STARTED };
    const address = parsePredictionId(submission.id);
    return address === null ? 'unknown' : this.reader.readInTime(submission.model, address);
  }

  #answer(accepted: Accepted, found: Found, request: FastifyRequest, reply: FastifyReply): void {
    // The record of a repeated prediction may be gone: its key still answers with the same id, as it was accepted.
    const gone = typeof found === 'string';
    request.accepted = accepted.submission;
    const prediction = gone ? { submission: accepted.submission, standing: NOT_STARTED } : found;
    const resource = this.own.show(prediction, request);
    if (accepted.replayed) reply.header('idempotency-replayed', 'true');
    reply
      // A resource that is put and was there before is not created.
      .code(accepted.replayed && accepted.submission.ownId !== null ? 200 : 201)
      .header('location', resource.urls.get)
      .send(gone ? { ...resource, data_removed: true } : resource);
  }
}

function repeatKeyOf({ headers }: FastifyRequest): RepeatKey | null {
  const text = idempotencyKeyOf(headers['idempotency-key']);
  return text === null ? null : { kind: 'idempotency_key', text };
}

function hungUp(request: FastifyRequest): IsGone {
  return () => request.raw.socket.destroyed;
}

/** What can change about a prediction is its status, its start and its attempts; everything else is fixed with them. */
function entityTag({ submission, standing }: Prediction): string {
  const { status, startedAtMs, attempts } = standing;
  return `W/"${submission.id}-${status}-${startedAtMs ?? 0}-${attempts}"`;
}
