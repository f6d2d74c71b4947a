/**
 * The routes of single predictions.
 *
 * They stand on Fastify itself, beside Nest, whose hooks and wrappers every request would pass for nothing
 * (docs/adr/0009). All other routes are controllers.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  MODEL_PREDICTION_REQUEST_SCHEMA,
  PREDICTION_REQUEST_SCHEMA,
  type PredictionRequest,
} from '#contract/prediction.dto';
import type { TextPrediction } from '#contract/prediction-text';
import { invalidFields, notFound, problem, ProblemError } from '#contract/problem';
import type { Callback } from '#domain/callback';
import type { Prediction } from '#domain/prediction';
import { isTerminal, NOT_STARTED } from '#domain/prediction';
import { isOfOurForm, isOwnId, parsePredictionId, type PredictionAddress, queueKindOf } from '#domain/prediction-id';
import type { EnvelopeReader, Found } from '#queue/envelope-reader';
import type { Completions } from '#queue/completions';
import type { PlacedListener } from '#queue/envelope-writer';
import type { ApiMetrics } from '#telemetry/metrics';
import type { Accepted, AcceptPrediction } from './accept-prediction.js';
import { type AwaitPrediction, EarlyEar, type Heard, type IsGone, isHeard } from './await-prediction.js';
import { compileBodyValidator } from './body-validator.js';
import type { CancelPrediction } from './cancel-prediction.js';
import type { ClientAddress } from './client-address.js';
import type { RepeatKey } from './idempotency.js';
import { hasAlready } from './if-none-match.js';
import type { ModelCatalogue } from './model-catalogue.js';
import { MODEL_NAME, MODEL_NAME_RULE } from './model-name.js';
import { type OwnPredictions, requireOwn } from './own-predictions.js';
import { traceOf } from './request-trace.js';
import { cancelAfterMs, idempotencyKeyOf, waitSecondsOf, waitSecondsOfQuery } from './preferences.js';

const checkBody = compileBodyValidator(PREDICTION_REQUEST_SCHEMA);
const checkModelBody = compileBodyValidator(MODEL_PREDICTION_REQUEST_SCHEMA);

const GIVEN_BY_US = 'Ids of this form are reserved for those that Millrace gives: choose one of another form.';
const OWN_ID_RULE =
  'must have an id of 1 to 128 letters, digits, dots, dashes, underscores and tildes that begins with a letter or digit';

/** As Fastify says it of an object. */
const JSON_TYPE = 'application/json; charset=utf-8';

export interface PredictionRouteParts {
  readonly accept: AcceptPrediction;
  readonly await: AwaitPrediction;
  readonly cancel: CancelPrediction;
  readonly reader: EnvelopeReader;
  readonly completions: Completions;
  readonly catalogue: ModelCatalogue;
  readonly own: OwnPredictions;
  readonly address: ClientAddress;
  readonly metrics: ApiMetrics;
}

interface ModelPath {
  readonly owner: string;
  readonly name: string;
}

interface ById {
  readonly Params: { readonly id: string };
}

const CALLERS = { requires: 'predict' } as const;

export class PredictionRoutes {
  constructor(private readonly parts: PredictionRouteParts) {}

  mount(server: FastifyInstance): void {
    const config = CALLERS;
    server.post('/v1/predictions', { config }, (request, reply) => this.create(request, reply));
    server.post<{ Params: ModelPath }>('/v1/models/:owner/:name/predictions', { config }, (request, reply) =>
      this.createForModel(request.params, request, reply),
    );
    server.put<ById>('/v1/predictions/:id', { config }, (request, reply) =>
      this.put(request.params.id, request, reply),
    );
    server.get<ById>('/v1/predictions/:id', { config }, (request, reply) =>
      this.get(request.params.id, request, reply),
    );
    server.post<ById>('/v1/predictions/:id/cancel', { config: { ...config, bodyless: true } }, (request, reply) =>
      this.cancel(request.params.id, request, reply),
    );
  }

  /** Accepts a prediction and answers with its id, or, with `Prefer: wait`, with its outcome. */
  async create(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const errors = checkBody(request.body);
    if (errors !== null) throw invalidFields(errors);
    await this.#submit(request.body as PredictionRequest, request, reply);
  }

  /** The same for a model by its path. */
  async createForModel(path: ModelPath, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    requireModelPath(path);
    const version = this.parts.catalogue.latest(path.owner, path.name);
    const errors = checkModelBody(request.body);
    if (errors !== null) throw invalidFields(errors);
    const body = request.body as Omit<PredictionRequest, 'version'>;
    await this.#submit({ ...body, version: `${version.owner}/${version.name}` }, request, reply);
  }

  /** The same under an id of the client's own: however often it is sent, it is one prediction. */
  async put(id: string, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (isOfOurForm(id)) throw notFound(GIVEN_BY_US);
    if (!isOwnId(id)) throw invalidFields([{ pointer: '', code: 'invalid_id', detail: OWN_ID_RULE }]);
    const errors = checkBody(request.body);
    if (errors !== null) throw invalidFields(errors);
    await this.#submit(request.body as PredictionRequest, request, reply, { kind: 'own_id', text: id });
  }

  /** Where a prediction stands; `?wait=` holds the answer until it has ended, at most a minute. */
  async get(id: string, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { own, reader } = this.parts;
    const query = request.query as Record<string, unknown>;
    const waitSeconds = waitSecondsOfQuery(query['wait']) ?? waitSecondsOf(request.headers.prefer);
    const { model, address } = await own.locate(id, request.caller);
    const found =
      waitSeconds === null
        ? await reader.readUpToDate(model, address)
        : await this.parts.await.awaitAny({ model, address }, waitSeconds * 1_000, hungUp(request));
    const prediction = requireOwn(found, request.caller, id);
    const tag = entityTag(prediction);
    reply.header('etag', tag).header('cache-control', 'private, no-cache');
    if (waitSeconds !== null) reply.header('preference-applied', `wait=${waitSeconds}`);
    if (hasAlready(request.headers['if-none-match'], tag)) return void reply.code(304).send();
    reply.send(own.show(prediction, request));
  }

  /** Cancels what has not run; what has ended is answered as it is. */
  async cancel(id: string, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { own, reader, cancel } = this.parts;
    const { model, address } = await own.locate(id, request.caller);
    if (queueKindOf(address.envelopeId) === 'b') await this.#refusePartOfBatch(id, model, address, request);
    const before = requireOwn(await reader.read(model, address), request.caller, id);
    const after = isTerminal(before.standing.status)
      ? before
      : requireOwn(await cancel.cancel(model, address), request.caller, id);
    reply.send(own.show(after, request));
  }

  /** A batch is canceled as a whole. */
  async #refusePartOfBatch(id: string, model: string, at: PredictionAddress, request: FastifyRequest): Promise<void> {
    const { submission } = requireOwn(await this.parts.reader.read(model, at), request.caller, id);
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
    if (waitSeconds === null) {
      const accepted = await this.#accept(body, request, repeat, null);
      const { submission } = accepted;
      if (!accepted.replayed) return this.#answerNew({ submission, standing: NOT_STARTED }, request, reply);
      return this.#answer(accepted, await this.#current(accepted), request, reply);
    }
    const ear = new EarlyEar();
    const onPlaced: PlacedListener = (envelopeId, row) => ear.listen(this.parts.completions, envelopeId, row);
    const accepted = await this.#accept(body, request, repeat, onPlaced).catch((error: unknown) => {
      // It may have been placed before Redis fell silent.
      ear.close();
      throw error;
    });
    const found = await this.#await(accepted, ear, waitSeconds * 1_000, hungUp(request));
    reply.header('preference-applied', `wait=${waitSeconds}`);
    if (isHeard(found)) return this.#answerNew(found.heard, request, reply);
    this.#answer(accepted, found, request, reply);
  }

  #accept(
    body: PredictionRequest,
    request: FastifyRequest,
    repeat: RepeatKey | null,
    onPlaced: PlacedListener | null,
  ): Promise<Accepted> {
    return this.parts.accept.accept(body, {
      client: request.caller.client,
      repeat,
      cancelAfterMs: cancelAfterMs(request.headers['cancel-after']),
      baseUrl: this.parts.address.baseUrl(request),
      traceFor: (callback: Callback | null) => traceOf(request, callback),
      onPlaced,
    });
  }

  async #await(accepted: Accepted, ear: EarlyEar, timeoutMs: number, isGone: IsGone): Promise<Found | Heard> {
    const { model, createdAtMs } = accepted.submission;
    const found = await this.parts.await.hearAccepted(accepted, ear, timeoutMs, isGone);
    this.parts.metrics.endToEndSeconds.observe({ model }, (Date.now() - createdAtMs) / 1_000);
    return found;
  }

  /** A repeated prediction is shown in its present state. */
  async #current({ submission }: Accepted): Promise<Found> {
    const address = parsePredictionId(submission.id);
    return address === null ? 'unknown' : this.parts.reader.readUpToDate(submission.model, address);
  }

  /** Accepted by this request, and not read from anywhere since. */
  #answerNew(prediction: TextPrediction, request: FastifyRequest, reply: FastifyReply): void {
    request.accepted = prediction.submission;
    const { url, text } = this.parts.own.showAsText(prediction, request);
    reply.code(201).header('location', url).header('content-type', JSON_TYPE).send(text);
  }

  #answer(accepted: Accepted, found: Found, request: FastifyRequest, reply: FastifyReply): void {
    // The record of a repeated prediction may be gone: its key still answers with the same id, as it was accepted.
    const gone = typeof found === 'string';
    request.accepted = accepted.submission;
    const resource = this.parts.own.show(gone ? asNew(accepted) : found, request);
    if (accepted.replayed) reply.header('idempotency-replayed', 'true');
    reply
      // A resource that is put and was there before is not created.
      .code(accepted.replayed && accepted.submission.ownId !== null ? 200 : 201)
      .header('location', resource.urls.get)
      .send(gone ? { ...resource, data_removed: true } : resource);
  }
}

function asNew({ submission }: Accepted): Prediction {
  return { submission, standing: NOT_STARTED };
}

/** @throws ProblemError 422 */
function requireModelPath({ owner, name }: ModelPath): void {
  const wrong = Object.entries({ owner, name }).filter(([, text]) => !MODEL_NAME.test(text));
  if (wrong.length === 0) return;
  throw invalidFields(
    wrong.map(([field]) => ({ pointer: `/${field}`, code: 'invalid_field', detail: MODEL_NAME_RULE })),
  );
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
