import { Controller, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { invalidFields, problem, ProblemError } from '#contract/problem';
import { isTerminal, type Prediction } from '#domain/prediction';
import type { ModelVersion } from '#models/repository';
import { Requires } from '../access/requires.js';
import { compileBodyValidator } from '../body-validator.js';
import { ClientAddress } from '../client-address.js';
import { OwnPredictions } from '../own-predictions.js';
import { cancelAfterMs, idempotencyKeyOf, LONGEST_WAIT_S, waitSecondsOf, wantsAsync } from '../preferences.js';
import { traceOf } from '../request-trace.js';
import { Infer, requireAnswers, type Row } from './infer.js';
import { INFER_REQUEST_SCHEMA, type InferRequest } from './infer-request.js';
import { Rows } from './read-rows.js';
import { ServerState } from './server-state.js';
import { idTensor, toTensor, wantedOutputs } from './write-outputs.js';

const checkBody = compileBodyValidator(INFER_REQUEST_SCHEMA);

/** A request that has been read and found right. */
interface Asked {
  readonly version: ModelVersion;
  readonly body: InferRequest;
  readonly outputs: ReturnType<typeof wantedOutputs>;
  readonly rows: Rows;
}

/** The Open Inference Protocol, version 2: models as functions of tensors. Described in `open-inference.openapi`. */
@ApiExcludeController()
@Controller('v2')
export class OpenInferenceController {
  constructor(
    @Inject(ServerState) private readonly server: ServerState,
    @Inject(Infer) private readonly infer: Infer,
    @Inject(OwnPredictions) private readonly own: OwnPredictions,
    @Inject(ClientAddress) private readonly address: ClientAddress,
  ) {}

  @Requires('nothing')
  @Get('health/live')
  live(): object {
    return { live: true };
  }

  /** The protocol's text calls it `live` here as well, its implementations `ready`. */
  @Requires('nothing')
  @Get('health/ready')
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const ready = await this.server.isReady();
    reply.code(ready ? 200 : 503).header('cache-control', 'no-store');
    reply.send({ ready, live: true });
  }

  @Requires('key')
  @Get()
  metadata(): object {
    return this.server.metadata;
  }

  @Requires('key')
  @Get(['models/:name', 'models/:name/versions/:version'])
  model(@Param('name') name: string, @Param('version') version?: string): object {
    return this.server.describe(this.server.version(name, version ?? null));
  }

  @Requires('key')
  @Get(['models/:name/ready', 'models/:name/versions/:version/ready'])
  modelReady(@Res() reply: FastifyReply, @Param('name') name: string, @Param('version') version?: string): void {
    const ready = this.server.isModelReady(this.server.version(name, version ?? null));
    reply.code(ready ? 200 : 503).header('cache-control', 'no-store');
    reply.send({ name, ready });
  }

  @Requires('predict')
  @Post(['models/:name/infer', 'models/:name/versions/:version/infer'])
  @HttpCode(200)
  async run(
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
    @Param('name') name: string,
    @Param('version') version?: string,
  ): Promise<void> {
    const asked = this.#read(this.server.version(name, version ?? null), request.body);
    const isAsync = wantsAsync(request.headers.prefer);
    const waitS = waitSecondsOf(request.headers.prefer) ?? (isAsync ? null : LONGEST_WAIT_S);
    const sent = await this.#accept(asked, request, waitS !== null);
    const isGone = (): boolean => request.raw.socket.destroyed;
    const predictions =
      waitS === null ? await this.infer.current(sent) : await this.infer.await(sent, waitS * 1_000, isGone);
    const haveEnded = predictions.every(({ standing }) => isTerminal(standing.status));
    if (haveEnded) return this.#answer(asked, predictions, reply);
    if (isAsync) return this.#answerLater(asked, predictions, request, reply);
    // A repeat with the key finds them; without one nobody will.
    if (request.headers['idempotency-key'] === undefined) await this.infer.giveUp(predictions);
    throw notInTime();
  }

  #read(version: ModelVersion, body: unknown): Asked {
    const errors = checkBody(body);
    if (errors !== null) throw invalidFields(errors);
    const request = body as InferRequest;
    const tensors = this.server.tensors(version);
    const outputs = wantedOutputs(tensors, request.outputs);
    const rows = new Rows(tensors, request.inputs);
    this.infer.check(version, rows);
    return { version, body: request, outputs, rows };
  }

  async #accept({ version, rows }: Asked, request: FastifyRequest, isAwaited: boolean): Promise<Row[]> {
    const sent = await this.infer.accept(version, rows.inputs, {
      client: request.caller.client,
      isAwaited,
      idempotencyKey: idempotencyKeyOf(request.headers['idempotency-key']),
      cancelAfterMs: cancelAfterMs(request.headers['cancel-after']),
      baseUrl: this.address.baseUrl(request),
      traceFor: (callback) => traceOf(request, callback),
    });
    request.accepted = sent[0]?.accepted.submission;
    return sent;
  }

  #answer({ version, body, outputs }: Asked, predictions: readonly Prediction[], reply: FastifyReply): void {
    const answers = requireAnswers(predictions);
    reply.send({
      ...named(version, body),
      outputs: outputs.map((tensor) => toTensor(tensor, version.manifest, answers)),
    });
  }

  #answerLater(
    { version, body }: Asked,
    predictions: readonly Prediction[],
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    const shown = predictions.map((prediction) => this.own.show(prediction, request));
    const [first] = shown;
    // Of several rows there is no one place to look at.
    if (first !== undefined && shown.length === 1) reply.header('location', first.urls.get);
    reply
      .code(202)
      .header('preference-applied', 'respond-async')
      .send({
        ...named(version, body),
        outputs: [idTensor(shown.map(({ id }) => id))],
        predictions: shown.map(({ id, status, urls }) => ({ id, status, urls })),
      });
  }
}

function named({ name, label }: ModelVersion, { id }: InferRequest): object {
  return { model_name: name, model_version: label, ...(id === undefined ? {} : { id }) };
}

function notInTime(): ProblemError {
  const detail = 'No worker answered in time. With Prefer: respond-async you can wait longer.';
  return new ProblemError(problem(503, 'not_in_time', detail), { 'retry-after': '1' });
}
