/**
 * Ids that clients give to their predictions: each is a reservation that says where the prediction lives.
 *
 * It is kept for a day, and as long as its prediction is: nobody knows beforehand how long that waits, so the janitor
 * looks once a day, and renews what still names something.
 */
import type { Catalogue } from './catalogue.js';
import { KEPT_MS, type Claim, type Reservation, Reservations } from './reservations.js';
import { withinBudget } from './connection.js';
import { AT_ONCE, drain } from './draining.js';
import type { ModelQueues } from './model-queues.js';

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
    const key = catalogue.ownIdsKey(model);
    await drain(await redis.zcount(key, '-inf', nowMs), AT_ONCE, async (most) => {
      const entries = await redis.zrangebyscore(key, '-inf', nowMs, 'LIMIT', 0, most);
      const isKept = await Promise.all(entries.map((entry) => this.#look(model, entry)));
      const kept = entries.filter((_, i) => isKept[i]);
      const gone = entries.filter((_, i) => !isKept[i]);
      // First: a Redis that is full refuses the other.
      if (gone.length > 0) await redis.zrem(key, ...gone);
      if (kept.length > 0) await redis.zadd(key, ...kept.flatMap((entry) => [nowMs + this.#lookEveryMs, entry]));
      return entries.length;
    });
  }

  /** @returns whether it names a prediction that is still kept: then its reservation is renewed, or else it ends */
  async #look(model: string, entry: string): Promise<boolean> {
    const { redis, catalogue } = this.queues;
    const [envelopeId = '', key = ''] = entry.split(' ');
    const jobs = [catalogue.envelopeKey(model, envelopeId), catalogue.retryKey(model, envelopeId, 0)];
    if ((await redis.exists(...jobs)) > 0) {
      await redis.pexpire(key, this.#keptMs);
      return true;
    }
    // The id may have been given anew since, to a prediction that is kept.
    const claim = await redis.hget(key, 'claim');
    if (claim?.includes(envelopeId) === true) await redis.del(key);
    return false;
  }
}

/** Idempotency keys have no space in them, so that an id is never mistaken for one. */
function keyOf(id: string): string {
  return `put ${id}`;
}

function entryOf(catalogue: Catalogue, client: string, id: string, { envelopeId }: Claim): string {
  return `${envelopeId} ${catalogue.reservationKey(client, keyOf(id))}`;
}
