/** Predictions by the ids that clients gave them, for an operator who need not know whose they are. */
import { formatPredictionId, isOwnId } from '#domain/prediction-id';
import { modelCode } from '#queue/catalogue';
import type { OwnIds } from '#queue/own-ids';
import { type Keys, LOCAL_CALLER } from '../access/guard.js';

/** Two clients may call theirs the same. */
export interface OwnIdHit {
  readonly client: string;
  /** The one that Millrace gave it. */
  readonly id: string;
}

export class OwnIdSearch {
  /** @param keys null where they are off */
  constructor(
    private readonly ownIds: Pick<OwnIds, 'find'>,
    private readonly keys: Pick<Keys, 'ring'> | null,
  ) {}

  /**
   * All clients are asked for at once, which is one round trip.
   * @returns at most one a client, by the names of the clients
   * @throws QueueUnavailableError
   */
  async find(ownId: string): Promise<readonly OwnIdHit[]> {
    if (!isOwnId(ownId)) return [];
    const hits = await Promise.all(this.#clients().map((client) => this.#of(client, ownId)));
    return hits.filter((hit) => hit !== null);
  }

  /** Keys stay known when they have ended, and what was sent before there were keys is that of the local client. */
  #clients(): string[] {
    const withKeys = this.keys?.ring.all().map(({ client }) => client) ?? [];
    return [...new Set([LOCAL_CALLER.client, ...withKeys])].sort();
  }

  async #of(client: string, ownId: string): Promise<OwnIdHit | null> {
    const claim = await this.ownIds.find(client, ownId);
    return claim === null ? null : { client, id: formatPredictionId(modelCode(claim.model), claim.envelopeId, 0) };
  }
}
