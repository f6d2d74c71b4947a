/** What operators do by HTTP; each change of theirs is a line in the log, with who it was. */
import { notFound } from '#contract/problem';
import { toTime } from '#contract/time';
import type { Delivery } from '#domain/delivery';
import type { Caller } from '#domain/key-record';
import type { Prediction, Submission } from '#domain/prediction';
import { parsePredictionId } from '#domain/prediction-id';
import { withinBudget } from '#queue/connection';
import type { Deliveries } from '#queue/deliveries';
import type { DeliveryPage, DeliveryWish } from '#queue/delivery-list';
import { type FailedPage, type FailedWish, listFailed } from '#queue/failed-predictions';
import type { ModelQueues } from '#queue/model-queues';
import type { ModelState, ModelSwitch } from '#queue/model-switch';
import type { Logger } from '#telemetry/logger';
import type { FleetStatus, FleetStatusReader, ModelStatus } from './fleet-status.js';
import type { OwnIdHit, OwnIdSearch } from './own-id-search.js';
import type { PutBack } from './put-back.js';
import { timelineOf, type TimelineStep } from './timeline.js';

export interface OperationsParts {
  readonly status: FleetStatusReader;
  readonly switches: ModelSwitch;
  readonly putBack: PutBack;
  readonly ownIds: OwnIdSearch;
  readonly queues: ModelQueues;
  readonly deliveries: Deliveries;
  readonly logger: Logger;
}

export interface Story {
  readonly prediction: Prediction;
  /** Why it does not run, where operators or the fleet are the reason; null where they are not. */
  readonly held: string | null;
  readonly steps: readonly TimelineStep[];
}

export class Operations {
  constructor(private readonly parts: OperationsParts) {}

  /** @throws QueueUnavailableError */
  fleet(): Promise<FleetStatus> {
    return this.parts.status.read();
  }

  models(): ModelStatus[] {
    return this.parts.status.models();
  }

  model(name: string): ModelStatus | undefined {
    return this.parts.status.model(name);
  }

  /** @throws ProblemError 404; QueueUnavailableError: then repeat it, which is harmless */
  async switchModel(model: string, state: ModelState, operator: Caller): Promise<ModelStatus> {
    const { status, switches, queues, logger } = this.parts;
    if (status.model(model) === undefined) throw notFound(`There is no model ${model}.`);
    const before = await withinBudget(queues.redis, () => switches.set(model, state, operator.client));
    logger.info({ ...by(operator), model, state, before }, 'a model was switched');
    const after = status.model(model);
    if (after === undefined) throw notFound(`There is no model ${model}.`);
    return after;
  }

  /** Of whatever client it is. @throws ProblemError 404, QueueUnavailableError */
  async story(id: string): Promise<Story> {
    const { putBack, queues, deliveries } = this.parts;
    const prediction = await putBack.find(id);
    const address = parsePredictionId(prediction.submission.id);
    // `find` has read it, so the id has an address.
    const steps = address === null ? [] : await timelineOf(queues, deliveries, prediction, address);
    return { prediction, held: this.#held(prediction), steps };
  }

  /** Those of all clients that gave this id. @throws ProblemError 404 where none did, QueueUnavailableError */
  async byOwnId(ownId: string): Promise<readonly OwnIdHit[]> {
    const hits = await this.parts.ownIds.find(ownId);
    if (hits.length === 0) throw notFound('No client has given this id to a prediction that is kept.');
    return hits;
  }

  /** @throws ProblemError 404 for a model that is not here, QueueUnavailableError */
  async failed(model: string | null, wish: FailedWish): Promise<FailedPage> {
    const { queues, status } = this.parts;
    const all = status.models().map((one) => one.model);
    if (model !== null && !all.includes(model)) throw notFound(`There is no model ${model}.`);
    return withinBudget(queues.redis, () => listFailed(queues, model === null ? all : [model], wish));
  }

  /** See `PutBack`. */
  redrive(id: string, operator: Caller, baseUrl: string): Promise<Submission> {
    return this.parts.putBack.putBack(id, operator, baseUrl);
  }

  /** @throws QueueUnavailableError */
  async deadDeliveries(wish: Omit<DeliveryWish, 'status'>): Promise<DeliveryPage> {
    const { queues, deliveries } = this.parts;
    return withinBudget(queues.redis, () => deliveries.listDead(wish));
  }

  /** @returns null where its message is no longer kept. @throws ProblemError 404, QueueUnavailableError */
  async redeliver(id: string, operator: Caller): Promise<Delivery | null> {
    const { queues, deliveries, logger } = this.parts;
    const found = await withinBudget(queues.redis, () => deliveries.read(id));
    if (found === null) throw notFound('There is no such delivery.');
    const isOwed = await withinBudget(queues.redis, () => deliveries.redeliver(id));
    if (!isOwed) return null;
    logger.info({ ...by(operator), delivery: id, client: found.client }, 'a delivery is sent again');
    return withinBudget(queues.redis, () => deliveries.read(id));
  }

  #held({ submission: { model }, standing }: Prediction): string | null {
    if (standing.status !== 'starting') return null;
    const { status, switches } = this.parts;
    const { state, sinceMs, by: who } = switches.of(model);
    if (state === 'paused') {
      const paused = sinceMs === null ? 'is paused' : `has been paused since ${toTime(sinceMs)}`;
      return `The model ${model} ${paused}${who === null ? '' : ` by ${who}`}.`;
    }
    return status.model(model)?.workers === 0 ? `No live worker serves ${model}.` : null;
  }
}

function by({ client, keyId }: Caller): object {
  return { operator: client, key: keyId };
}
