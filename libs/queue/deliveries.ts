/**
 * Events and deliveries as they stand in Redis; all of it under `{<prefix>:courier}`.
 *
 *     event:<id>        marker: this event was made; makes making it twice harmless, as long as its subject runs
 *     body:<id>         the message, frozen when the event happened
 *     events:<client>   stream of the client's events, for those who read them themselves
 *     delivery:<id>     hash: one message to one endpoint
 *     owed:<endpoint>   ids by the time of their next try
 *     terms             ids of all that is owed, by the time at which it is given up
 *     endpoint:<e>      hash: failures in a row, closed until
 *     endpoints         the line: endpoints by the time at which one of them can be served next
 *     running           ids by the end of their lease: a courier that dies while sending has not used up a try
 *     held              hash: the endpoint of each of those, whatever becomes of its record
 *     busy              hash: tries under way by endpoint, `host:<h>` and `client:<c>`
 *     parked:<group>    endpoints of a host or a client that wait until it has less under way
 *     broken            endpoints that fail, by the time of their last failure
 *     of:<client>       the client's deliveries by age
 *     dead              all that failed for good by the time of that; `dead:<client>` the client's by age
 *
 * There are no jobs for deliveries: an endpoint that is slow or away would fill a queue's slots, or bounce in and out
 * of them thousands of times a second. Here what is above a share waits in the endpoint's own list, and costs nothing
 * until there is room. What is owed ends in one of two ways: it was delivered, or it is a dead letter. The clock is
 * Redis's own.
 */
import { createHash } from 'node:crypto';
import type { EventKind } from '#domain/callback';
import type { Delivery, DeliveryAttempt, DeliveryStatus } from '#domain/delivery';
import type { Trace } from '#domain/trace';
import type { Redis } from 'ioredis';
import type { Catalogue } from './catalogue.js';
import { type DeliveryPage, type DeliveryWish, readPage } from './delivery-list.js';
import { FINISH, OWE, REDELIVER, TAKE } from './delivery-scripts.js';
import { type OwedSummary, readSummary } from './delivery-summary.js';

/** Tries of one endpoint at once. */
export const ENDPOINT_CAP = 4;
/**
 * Tries of one host at once, of all clients together, and of one client. A courier has more hands than either, so that
 * whoever answers slowly under many addresses, or is called under many, leaves hands for the others.
 */
export const HOST_CAP = 200;
export const CLIENT_CAP = 400;
/** Failures in a row after which an endpoint is left alone but for one try at a time. */
export const FAILURES_TO_BREAK = 5;
/** Deliveries that one endpoint may be owed; the oldest make room as dead letters. */
export const MOST_OWED = 10_000;
/** Longer than a try can last. */
const LEASE_MS = 30_000;
/**
 * `owedS`: the ten tries take 83 hours at most; what has not had them by then, since its endpoint fails and is rarely
 * tried, is given up.
 */
const KEPT = { owedS: 4 * 86_400, deadS: 7 * 86_400, eventsOfClient: 10_000, deliveriesOfClient: 10_000 };
/**
 * How long it is known that an event was made. `start` is told again with the end: a batch may run for seven days, and
 * couriers may be away. What has ended is told again by who was cut off.
 */
const MADE = { runningS: KEPT.owedS + KEPT.deadS, endedS: 3_600 };

export interface NewEvent {
  readonly id: string;
  readonly kind: EventKind;
  readonly client: string;
  readonly subjectId: string;
  /** Where to deliver, or null for a client that reads its events itself. */
  readonly url: string | null;
  /** JSON, the exact text that is signed and sent. */
  readonly body: string;
  readonly trace: Trace | null;
  /** Whether its subject's end is told. */
  readonly hasEnded: boolean;
}

/** A delivery to be tried now. */
export interface TakenDelivery {
  readonly id: string;
  readonly client: string;
  readonly url: string;
  /** Tries that were made before. */
  readonly tries: number;
  readonly body: string;
  /** When its event happened, milliseconds since the epoch. */
  readonly createdAtMs: number;
  readonly trace: Trace | null;
}

export interface Taken {
  readonly deliveries: readonly TakenDelivery[];
  /** Milliseconds until there may be something to take again; null where nothing is owed. */
  readonly nextInMs: number | null;
  /** Deliveries whose time was over before their last try: they are dead letters now. */
  readonly givenUp: number;
}

export const ATTEMPT_ENDS: readonly AttemptEnd['kind'][] = ['delivered', 'retry', 'dead', 'gone'];
export type AttemptEnd =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly pauseMs: number }
  | { readonly kind: 'dead' }
  | { readonly kind: 'gone' };

export interface StoredEvent {
  /** Place in the client's stream, for `after`. */
  readonly cursor: string;
  readonly id: string;
  readonly kind: EventKind;
  /** Null where it is no longer kept. */
  readonly body: string | null;
}

export class Deliveries {
  constructor(
    readonly redis: Redis,
    private readonly catalogue: Catalogue,
    /** How long events and messages that were delivered are kept, seconds. */
    private readonly keptSeconds: number,
  ) {}

  /** Channel on which couriers hear that something is owed. */
  get channel(): string {
    return this.#key('due');
  }

  /** Makes an event, with its delivery. @returns false for one that was made before */
  async owe({ id, kind, client, subjectId, url, body, trace, hasEnded }: NewEvent): Promise<boolean> {
    const endpoint = url === null ? '' : endpointOf(client, url);
    const limits = [this.keptSeconds, KEPT.owedS, KEPT.eventsOfClient, KEPT.deliveriesOfClient, MOST_OWED, KEPT.deadS];
    const facts = [id, kind, client, subjectId, url ?? '', endpoint, body];
    const traced = trace === null ? '' : JSON.stringify(trace);
    const madeS = Math.max(this.keptSeconds, hasEnded ? MADE.endedS : MADE.runningS);
    return (await OWE.run(this.redis, [this.#key(''), ...facts, ...limits, traced, madeS])) === 1;
  }

  /** Takes what is due, with a lease; who dies with it has not tried. */
  async take(most: number): Promise<Taken> {
    const limits = [most, ENDPOINT_CAP, HOST_CAP, CLIENT_CAP, FAILURES_TO_BREAK, LEASE_MS, KEPT.deadS];
    const answer = await TAKE.run(this.redis, [this.#key(''), ...limits]);
    const [rows, nextInMs, givenUp] = answer as [string[][], number, number];
    const deliveries = rows.map(toTaken);
    return { deliveries, nextInMs: nextInMs < 0 ? null : nextInMs, givenUp };
  }

  /** @returns false where the lease had run out: then the try does not count, and somebody else makes it */
  async finish(id: string, attempt: DeliveryAttempt, end: AttemptEnd): Promise<boolean> {
    const pauseMs = end.kind === 'retry' ? end.pauseMs : 0;
    const limits = [FAILURES_TO_BREAK, this.keptSeconds, KEPT.deadS];
    const facts = [id, end.kind, pauseMs, JSON.stringify(attempt)];
    return (await FINISH.run(this.redis, [this.#key(''), ...facts, ...limits])) === 1;
  }

  /** Sends a delivery again, now, with all its tries before it. @returns false where its message is no longer kept */
  async redeliver(id: string): Promise<boolean> {
    return (await REDELIVER.run(this.redis, [this.#key(''), id, KEPT.owedS, KEPT.deadS])) === 1;
  }

  async read(id: string): Promise<Delivery | null> {
    const fields = await this.redis.hgetall(this.#key(`delivery:${id}`));
    return fields['client'] === undefined ? null : toDelivery(id, fields);
  }

  /** The client's deliveries, newest first. */
  async list(client: string, wish: DeliveryWish): Promise<DeliveryPage> {
    // Dead letters are listed however much was delivered since.
    const index = this.#key(wish.status === 'failed' ? `dead:${client}` : `of:${client}`);
    return readPage({ redis: this.redis, index, read: (id) => this.read(id) }, wish);
  }

  /** Dead letters of all clients, by the time at which they were given up, the last one first. */
  async listDead(wish: Omit<DeliveryWish, 'status'>): Promise<DeliveryPage> {
    const source = { redis: this.redis, index: this.#key('dead'), read: (id: string) => this.read(id) };
    return readPage(source, { ...wish, status: 'failed' });
  }

  /** The client's events, oldest first. @param after the cursor of the last one that was read */
  async events(client: string, { limit, after }: { limit: number; after: string | null }): Promise<StoredEvent[]> {
    const from = after === null ? '-' : `(${after}`;
    const entries = await this.redis.xrange(this.#key(`events:${client}`), from, '+', 'COUNT', limit);
    const bodies = await Promise.all(entries.map(([, fields]) => this.redis.get(this.#key(`body:${fields[1] ?? ''}`))));
    return entries.map(([cursor, fields], i) => ({
      cursor,
      id: fields[1] ?? '',
      kind: (fields[3] ?? 'completed') as EventKind,
      body: bodies[i] ?? null,
    }));
  }

  /** For metrics: how much is owed, to how many, since when. @throws QueueUnavailableError */
  summary(): Promise<OwedSummary> {
    return readSummary(this.redis, this.#key(''), KEPT.owedS);
  }

  #key(name: string): string {
    return this.catalogue.courierKey(name);
  }
}

/**
 * A client's endpoint: two clients that name the same URL do not share its fate. Its name tells the scripts who shares
 * hands with it: `<client>-<host>-<url>`.
 */
export function endpointOf(client: string, url: string): string {
  return [client, new URL(url).host, url].map(shortHash).join('-');
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}

function toTaken([
  id = '',
  client = '',
  url = '',
  tries = '0',
  body = '',
  created = '0',
  trace = '',
]: string[]): TakenDelivery {
  return {
    id,
    client,
    url,
    tries: Number(tries),
    body,
    createdAtMs: Number(created),
    trace: trace === '' ? null : (JSON.parse(trace) as Trace),
  };
}

function toDelivery(id: string, fields: Readonly<Record<string, string>>): Delivery {
  const status = (fields['status'] ?? 'pending') as DeliveryStatus;
  return {
    id,
    client: fields['client'] ?? '',
    url: fields['url'] ?? '',
    event: (fields['kind'] ?? 'completed') as EventKind,
    subjectId: fields['subject'] ?? '',
    status,
    createdAtMs: Number(fields['created'] ?? 0),
    nextAtMs: status === 'pending' ? Number(fields['next'] ?? 0) : null,
    attempts: JSON.parse(`[${fields['attempts'] ?? ''}]`) as DeliveryAttempt[],
  };
}
