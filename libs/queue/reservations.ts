/**
 * Idempotency keys: who holds one, what it was used for, and how far that use has come.
 *
 * The reservation comes before the job and outlives it, so that a repeat finds the same prediction whatever has
 * happened in between: a crash after the reservation, a job long removed.
 */
import type { Redis } from 'ioredis';
import type { Catalogue } from './catalogue.js';
import { withinBudget } from './connection.js';
import { LUA_NOW_MS, Script } from './script.js';

/** How long the first caller may take between reservation and job before a repeat may finish its work. */
const LEASE_MS = 3_000;
export const KEPT_MS = 24 * 3_600 * 1_000;

export interface Claim {
  readonly model: string;
  /** SHA-256 of the canonical body. */
  readonly fingerprint: string;
  /** Version that the body's reference meant when the key was first used. */
  readonly versionId: string;
  /** Where the prediction lives if this is the first use of the key. */
  readonly envelopeId: string;
  readonly createdAtMs: number;
}

export type Reservation =
  /** Ours to enqueue: the first use, or one whose caller has died before it was done. */
  | { readonly kind: 'granted'; readonly claim: Claim }
  /** Enqueued before. */
  | { readonly kind: 'accepted'; readonly claim: Claim }
  /** Another request works on it right now. */
  | { readonly kind: 'held' }
  /** The key was used with another body. */
  | { readonly kind: 'other_body' };

/**
 * KEYS   1 the reservation
 * ARGV   1 fingerprint, 2 claim as JSON, 3 lease in ms, 4 life in ms
 * Answer the state and the claim that counts
 * Atomic because two requests with one key must not both be the first.
 */
const RESERVE = new Script(
  `${LUA_NOW_MS}
local found = redis.call('HMGET', KEYS[1], 'fingerprint', 'claim', 'state', 'lease')
if not found[1] then
  redis.call('HSET', KEYS[1], 'fingerprint', ARGV[1], 'claim', ARGV[2], 'state', 'pending', 'lease', now + ARGV[3])
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
  return {'granted', ARGV[2]}
end
if found[1] ~= ARGV[1] then return {'other_body', ''} end
if found[3] == 'accepted' then return {'accepted', found[2]} end
if tonumber(found[4]) > now then return {'held', ''} end
redis.call('HSET', KEYS[1], 'lease', now + ARGV[3])
return {'granted', found[2]}
`,
  1,
);

/**
 * KEYS   1 the reservation
 * ARGV   1 lease in ms, from now
 * Atomic, since a reservation that is gone does not come back.
 */
const SET_LEASE = new Script(
  `${LUA_NOW_MS}
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'lease', now + ARGV[1])
return 1
`,
  1,
);

/**
 * KEYS   1 the reservation
 * Atomic, since one that is gone must not come back as one that says nothing else and never runs out.
 */
const ACCEPT = new Script(
  `
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'state', 'accepted') end
return 1
`,
  1,
);

export class Reservations {
  constructor(
    private readonly redis: Redis,
    private readonly catalogue: Catalogue,
  ) {}

  /** @throws QueueUnavailableError when Redis does not answer in time */
  async reserve(client: string, key: string, claim: Claim, keptMs = KEPT_MS): Promise<Reservation> {
    const [kind, text] = (await withinBudget(this.redis, () =>
      RESERVE.run(this.redis, [
        this.catalogue.reservationKey(client, key),
        claim.fingerprint,
        JSON.stringify(claim),
        LEASE_MS,
        keptMs,
      ]),
    )) as [Reservation['kind'], string];
    if (kind === 'held' || kind === 'other_body') return { kind };
    return { kind, claim: JSON.parse(text) as Claim };
  }

  /** @returns what the key was used for, or null where it was not, or too long ago */
  async find(client: string, key: string): Promise<Claim | null> {
    const text = await withinBudget(this.redis, () =>
      this.redis.hget(this.catalogue.reservationKey(client, key), 'claim'),
    );
    return text === null ? null : (JSON.parse(text) as Claim);
  }

  /** Its caller is still at work: nobody else may take over. */
  async renew(client: string, key: string): Promise<void> {
    await this.#setLease(client, key, LEASE_MS);
  }

  /** Its caller has given up: a repeat may go on at once. */
  async letGo(client: string, key: string): Promise<void> {
    await this.#setLease(client, key, 0);
  }

  async #setLease(client: string, key: string, ms: number): Promise<void> {
    await withinBudget(this.redis, () => SET_LEASE.run(this.redis, [this.catalogue.reservationKey(client, key), ms]));
  }

  /** Nothing was enqueued and nothing will be: the key is free again. */
  async release(client: string, key: string): Promise<void> {
    await withinBudget(this.redis, () => this.redis.del(this.catalogue.reservationKey(client, key)));
  }

  /** The job is in the queue; from here on a repeat never adds it again. */
  async accept(client: string, key: string): Promise<void> {
    await withinBudget(this.redis, () => ACCEPT.run(this.redis, [this.catalogue.reservationKey(client, key)]));
  }
}
