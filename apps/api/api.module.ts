import { type DynamicModule, Module, type ValidationError, ValidationPipe } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { invalidFields } from '#contract/problem';
import type { FieldProblem } from '#domain/field-problem';
import { HealthModule, type Readiness } from '#process/operations.module';
import { Completions } from '#queue/completions';
import { Deliveries } from '#queue/deliveries';
import { EnvelopeReader } from '#queue/envelope-reader';
import { Files } from '#queue/files';
import { WebhookSecrets } from '#queue/webhook-secrets';
import type { Logger } from '#telemetry/logger';
import type { ApiMetrics } from '#telemetry/metrics';
import { KeysController } from './access/keys.controller.js';
import { ManageKeys } from './access/manage-keys.js';
import type { AcceptPrediction } from './accept-prediction.js';
import type { AwaitPrediction } from './await-prediction.js';
import { BatchesController } from './batches/batches.controller.js';
import { BatchParts } from './batches/build-batches.js';
import { OwnBatches } from './batches/own-batches.js';
import type { CancelPrediction } from './cancel-prediction.js';
import { ClientAddress } from './client-address.js';
import { BatchEventsController } from './events/batch-events.controller.js';
import { Follower } from './events/follower.js';
import { PredictionEventsController } from './events/prediction-events.controller.js';
import type { FleetView } from './fleet-view.js';
import { ListPredictions } from './list-predictions.js';
import { ModelCatalogue } from './model-catalogue.js';
import { ModelsController } from './models.controller.js';
import type { OpenAiParts } from './openai/build-openai.js';
import { CreateFileBatch } from './openai/create-file-batch.js';
import { FileBatchesController } from './openai/file-batches.controller.js';
import { FilesController } from './openai/files.controller.js';
import { OwnFileBatches } from './openai/own-file-batches.js';
import { ReceiveFile } from './openai/receive-file.js';
import { Infer } from './open-inference/infer.js';
import { OpenInferenceController } from './open-inference/open-inference.controller.js';
import { ServerState } from './open-inference/server-state.js';
import { DeadLettersController } from './ops/dead-letters.controller.js';
import { OperationsController } from './ops/operations.controller.js';
import { Operations } from './ops/operations.js';
import { OwnPredictions, StreamTokens } from './own-predictions.js';
import { PredictionListController } from './prediction-list.controller.js';
import { ProblemFilter } from './problem-filter.js';
import type { Webhooks } from './webhooks/build-webhooks.js';
import { DeliveriesController } from './webhooks/deliveries.controller.js';

/** What the controllers stand on; built by `run-api`, so that a test builds the same with `new`. */
export interface ApiParts {
  readonly accept: AcceptPrediction;
  readonly await: AwaitPrediction;
  readonly cancel: CancelPrediction;
  readonly reader: EnvelopeReader;
  readonly completions: Completions;
  readonly catalogue: ModelCatalogue;
  readonly address: ClientAddress;
  readonly webhooks: Webhooks;
  readonly own: OwnPredictions;
  readonly list: ListPredictions;
  readonly tokens: StreamTokens;
  readonly metrics: ApiMetrics;
  readonly manageKeys: ManageKeys;
  readonly batches: BatchParts;
  readonly ownBatches: OwnBatches;
  readonly follower: Follower;
  readonly infer: Infer;
  readonly openAi: OpenAiParts;
  readonly fleet: FleetView;
  /** Of this release. */
  readonly release: string;
  readonly operations: Operations;
}

@Module({})
export class ApiModule {
  static of(parts: ApiParts, readiness: Readiness, logger: Logger): DynamicModule {
    return {
      module: ApiModule,
      imports: [HealthModule.of(readiness)],
      controllers: [
        PredictionListController,
        PredictionEventsController,
        BatchesController,
        BatchEventsController,
        ModelsController,
        KeysController,
        DeliveriesController,
        OpenInferenceController,
        FilesController,
        FileBatchesController,
        OperationsController,
        DeadLettersController,
      ],
      providers: [
        { provide: EnvelopeReader, useValue: parts.reader },
        { provide: Completions, useValue: parts.completions },
        { provide: ModelCatalogue, useValue: parts.catalogue },
        { provide: ClientAddress, useValue: parts.address },
        { provide: Deliveries, useValue: parts.webhooks.deliveries },
        { provide: WebhookSecrets, useValue: parts.webhooks.secrets },
        { provide: OwnPredictions, useValue: parts.own },
        { provide: ListPredictions, useValue: parts.list },
        { provide: StreamTokens, useValue: parts.tokens },
        { provide: BatchParts, useValue: parts.batches },
        { provide: OwnBatches, useValue: parts.ownBatches },
        { provide: Follower, useValue: parts.follower },
        { provide: Infer, useValue: parts.infer },
        { provide: Files, useValue: parts.openAi.files },
        { provide: ReceiveFile, useValue: parts.openAi.receive },
        { provide: CreateFileBatch, useValue: parts.openAi.create },
        { provide: OwnFileBatches, useValue: parts.openAi.own },
        { provide: ServerState, useValue: new ServerState({ ...parts, readiness }) },
        { provide: Operations, useValue: parts.operations },
        { provide: ManageKeys, useValue: parts.manageKeys },
        { provide: APP_FILTER, useValue: new ProblemFilter(logger) },
        { provide: APP_PIPE, useValue: strictPipe() },
      ],
    };
  }
}

/** class-validator on every route but the hot ones: unknown fields are errors, and each error names its field. */
function strictPipe(): ValidationPipe {
  return new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    exceptionFactory: (errors) => invalidFields(errors.map(toFieldProblem)),
  });
}

/** In the words of the hot routes' validator. */
function toFieldProblem({ property, value, constraints = {} }: ValidationError): FieldProblem {
  const pointer = `/${property}`;
  if ('whitelistValidation' in constraints) {
    return { pointer, code: 'unknown_field', detail: 'is not a field of this request' };
  }
  if (value === undefined) return { pointer, code: 'missing_field', detail: 'is required' };
  return { pointer, code: 'invalid_field', detail: Object.values(constraints)[0] ?? 'is not valid' };
}
