/** The parts that a prediction meets in the API, in the order in which it meets them. */
import { randomUUID } from 'node:crypto';
import type { KeyRing } from '#access/key-ring';
import type { Settings } from '#config/settings';
import type { ModelRepository } from '#models/repository';
import type { Backlog } from '#queue/backlog';
import { ClientIndex } from '#queue/client-index';
import { Completions } from '#queue/completions';
import type { connectSubscriber } from '#queue/connection';
import { EnvelopeReader } from '#queue/envelope-reader';
import { EnvelopeWriter } from '#queue/envelope-writer';
import type { ModelQueues } from '#queue/model-queues';
import { OwnIds } from '#queue/own-ids';
import { Reservations } from '#queue/reservations';
import type { ApiMetrics } from '#telemetry/metrics';
import { AcceptPrediction } from './accept-prediction.js';
import type { ApiParts } from './api.module.js';
import { AwaitPrediction } from './await-prediction.js';
import { BatchParts } from './batches/build-batches.js';
import { OwnBatches } from './batches/own-batches.js';
import { CancelPrediction } from './cancel-prediction.js';
import { ClientAddress } from './client-address.js';
import { Follower } from './events/follower.js';
import type { FleetView } from './fleet-view.js';
import { ListPredictions } from './list-predictions.js';
import { ModelCatalogue } from './model-catalogue.js';
import { buildOpenAi } from './openai/build-openai.js';
import { Infer } from './open-inference/infer.js';
import { OwnPredictions, StreamTokens } from './own-predictions.js';
import type { WorkAhead } from './work-ahead.js';
import type { Webhooks } from './webhooks/build-webhooks.js';

export type PredictionParts = Omit<ApiParts, 'manageKeys' | 'operations'>;

export interface PathOptions {
  readonly settings: Settings;
  readonly repository: ModelRepository;
  readonly queues: ModelQueues;
  readonly subscriber: ReturnType<typeof connectSubscriber>;
  readonly backlog: Backlog;
  readonly fleet: FleetView;
  readonly ahead: WorkAhead;
  readonly metrics: ApiMetrics;
  readonly webhooks: Webhooks;
  /** Of this release. */
  readonly release: string;
  /** The keys that this process knows; null where keys are off. */
  readonly ring: KeyRing | null;
  readonly onRedisError: (error: Error) => void;
}

export function buildPredictionPath(options: PathOptions): PredictionParts {
  const { settings, queues, backlog, fleet, metrics } = options;
  const { redis, catalogue: names } = queues;
  const origin = names.originChannel(randomUUID());
  const catalogue = new ModelCatalogue(options.repository, metrics);
  const writer = new EnvelopeWriter(queues, origin, (versionId) => fleet.rowCostMs(versionId));
  const completions = new Completions(options.subscriber, names, origin, options.onRedisError);
  const reader = new EnvelopeReader(queues, settings.RESULT_TTL_SECONDS);
  const reservations = new Reservations(redis, names);
  const ownIds = new OwnIds(queues, settings.RESULT_TTL_SECONDS);
  const desks = { idempotency_key: reservations, own_id: ownIds };
  const address = new ClientAddress(settings.PUBLIC_URL, `${settings.HOST}:${settings.PORT}`);
  const tokens = new StreamTokens(options.ring);
  const { rules } = options.webhooks;
  const batches = new BatchParts({ ...options, catalogue, predictions: reader, reservations, webhooks: rules });
  const ownBatches = new OwnBatches(batches, address, tokens);
  const shared = {
    catalogue,
    accept: new AcceptPrediction({ catalogue, backlog, writer, desks, webhooks: rules, metrics }),
    completions,
    await: new AwaitPrediction(completions, reader),
    cancel: new CancelPrediction(queues, reader),
    metrics,
  };
  return {
    ...shared,
    reader,
    infer: new Infer(shared),
    fleet,
    release: options.release,
    own: new OwnPredictions(catalogue, ownIds, address, options.ahead, tokens),
    list: new ListPredictions(queues, new ClientIndex(redis, names), reader, catalogue),
    tokens,
    address,
    webhooks: options.webhooks,
    batches,
    ownBatches,
    openAi: buildOpenAi({ ...options, batches, ownBatches }),
    follower: new Follower(),
  };
}
