/** A caller's batches: found by their ids, and shown as they are shown everywhere. */
import type { FastifyRequest } from 'fastify';
import { type BatchResource, toBatchResource } from '#contract/batch.dto';
import { notFound } from '#contract/problem';
import { type Batch, modelCodeOfBatch } from '#domain/batch';
import type { BatchRecord } from '#queue/batches';
import { withinBudget } from '#queue/connection';
import type { ClientAddress } from '../client-address.js';
import type { StreamTokens } from '../own-predictions.js';
import type { BatchParts } from './build-batches.js';

export class OwnBatches {
  constructor(
    private readonly parts: BatchParts,
    private readonly address: ClientAddress,
    private readonly tokens: StreamTokens,
  ) {}

  /** @throws ProblemError 404 */
  async require(id: string, request: FastifyRequest): Promise<Batch> {
    return (await this.find(id, request.caller.client)) ?? this.#missing(id);
  }

  /** For who does not ask how far it is. @throws ProblemError 404 */
  async requireRecord(id: string, request: FastifyRequest): Promise<BatchRecord> {
    const { redis, reader } = this.parts;
    const read = (model: string): Promise<BatchRecord | null> =>
      withinBudget(redis, () => reader.readRecord(model, id));
    return (await this.#ownOf(id, request.caller.client, read)) ?? this.#missing(id);
  }

  find(id: string, client: string): Promise<Batch | null> {
    return this.#ownOf(id, client, (model) => this.read(model, id));
  }

  /** Another client's batch does not exist. */
  async #ownOf<T extends Pick<Batch, 'plan'>>(
    id: string,
    client: string,
    read: (model: string) => Promise<T | null>,
  ): Promise<T | null> {
    const model = this.#modelOf(id);
    const found = model === undefined ? null : await read(model);
    return found?.plan.client === client ? found : null;
  }

  /**
   * Looks at nothing but the id, so that another client's batch is answered as one that is gone.
   * @throws ProblemError 404
   */
  #missing(id: string): never {
    if (this.#modelOf(id) !== undefined && this.parts.reader.mayBeOver(id)) {
      throw notFound(`The batch ${id} has ended and is no longer kept.`, 'expired');
    }
    throw notFound('There is no such batch.');
  }

  #modelOf(id: string): string | undefined {
    const code = modelCodeOfBatch(id);
    return code === null ? undefined : this.parts.catalogue.modelOfCode(code);
  }

  read(model: string, id: string): Promise<Batch | null> {
    return withinBudget(this.parts.redis, () => this.parts.reader.readUpToDate(model, id));
  }

  show(batch: Batch, request: FastifyRequest): BatchResource {
    const { id, versionId, model } = batch.plan;
    const owner = this.parts.catalogue.ownerOf(model, versionId);
    return toBatchResource(batch, owner, this.address.baseUrl(request), {
      waitS: this.parts.waitSeconds(batch),
      streamToken: this.tokens.of(request.caller, id),
    });
  }
}
