/**
 * Ids that clients give to their predictions: each is a reservation that says where the prediction lives.
 *
 * It is kept for a day, and as long as its prediction is: nobody knows beforehand how long that waits, so the janitor
 * looks once a day, and renews what still names something.
 */
import type { Catalogue } from './catalogue.js';
import { KEPT_MS, type Claim, type Reservation, Reservations } from './reservations.js';
import { withinBudget } from './connection.js';
import type { ModelQueues } from './model-queues.js';

const AT_ONCE = 1_000;

export class OwnIds {
  readonly #reservations: Reservations;
  /** From one look to the next. */
  readonly #lookEveryMs: number;
  /** A reservation outlives a look that comes a day late. */
  readonly #keptMs: number;

  constructor(
    private readonly queues: ModelQueues,
    resultTtlSeconds: number,
  ) {
    this.#reservations = new Reservations(queues.redis, queues.catalogue);
    this.#lookEveryMs = Math.max(KEPT_MS, resultTtlSeconds * 1_000);
    this.#keptMs = this.#lookEveryMs + KEPT_MS;
  }

  /** As `Reservations.reserve`. */
  async reserve(client: string, id: string, claim: Claim): Promise<Reservation> {
    const { redis, catalogue } = this.queues;
    const reservation = await this.#reservations.reserve(client, keyOf(id), claim, this.#keptMs);
    // Before the prediction: a look at one that was never made ends its reservation.
    if (reservation.kind === 'granted') {
      const entry = entryOf(catalogue, client, id, reservation.claim);
      const dueAtMs = reservation.claim.createdAtMs + this.#lookEveryMs;
      await withinBudget(redis, () => redis.zadd(catalogue.ownIdsKey(claim.model), dueAtMs, entry));
    }
    return reservation;
  }

  accept(client: string, id: string): Promise<void> {
    return this.#reservations.accept(client, keyOf(id));
  }

  release(client: string, id: string): Promise<void> {
    return this.#reservations.release(client, keyOf(id));
  }

  /** @returns where the client's prediction of that id lives, or null where it has none */
  find(client: string, id: string): Promise<Claim | null> {
    return this.#reservations.find(client, keyOf(id));
  }

  /** Renews what names a prediction that is still kept; lets go of the rest. */
  async sweep(model: string, nowMs = Date.now()): Promise<void> {
    const { redis, catalogue } = this.queues;
    const due = await redis.zrangebyscore(catalogue.ownIdsKey(model), '-inf', nowMs, 'LIMIT', 0, AT_ONCE);
    for (const entry of due) {
      const [envelopeId = '', key = ''] = entry.split(' ');
      const jobs = [catalogue.envelopeKey(model, envelopeId), catalogue.retryKey(model, envelopeId, 0)];
      if ((await redis.exists(...jobs)) > 0) {
        await redis.pexpire(key, this.#keptMs);
        await redis.zadd(catalogue.ownIdsKey(model), nowMs + this.#lookEveryMs, entry);
      } else {
        // The id may have been given anew since, to a prediction that is kept.
        const claim = await redis.hget(key, 'claim');
        if (claim?.includes(envelopeId) === true) await redis.del(key);
        await redis.zrem(catalogue.ownIdsKey(model), entry);
      }
    }
  }
}

/** Idempotency keys have no space in them, so that an id is never mistaken for one. */
function keyOf(id: string): string {
  return `put ${id}`;
}

function entryOf(catalogue: Catalogue, client: string, id: string, { envelopeId }: Claim): string {
  return `${envelopeId} ${catalogue.reservationKey(client, keyOf(id))}`;
}
