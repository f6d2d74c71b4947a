/**
 * Which predictions are whose, for who lists them: a sorted set a client, of the envelopes that hold rows of it.
 *
 * An entry is the envelope's id with its time in front, so that the order of the entries is that of their age, and a
 * place among them needs no number that could move. Written beside the envelope, once for each client that has rows in
 * it, whatever their number; adding it twice is adding it once.
 */
import { DAY_MS, LONGEST_LIFE_MS } from '#domain/limits';
import { envelopeTimeMs, formatEnvelopeTime } from '#domain/prediction-id';
import type { Redis } from 'ioredis';
import { type Catalogue, modelCode } from './catalogue.js';

/** Envelopes that a client's list reaches back; what is older is found by its id alone. 143 bytes each, measured. */
const MOST_ENTRIES = 100_000;
/** And so far back in time: longer than a prediction may wait, by a day in which its result is kept. */
const KEPT_MS = LONGEST_LIFE_MS + DAY_MS;
/** Surplus entries are trimmed this often, and after this many additions. */
const TRIM_EVERY_MS = 60_000;
const TRIM_EVERY_ENTRIES = 500;
/** An envelope is as old as its rows, or this much younger at most: they wait for a turn of the event loop. */
const LATE_MS = 5_000;

/** Rows of one client in one envelope. */
export interface IndexEntry {
  /** As it stands in the set. */
  readonly text: string;
  readonly modelCode: string;
  readonly envelopeId: string;
  /** Ascending. */
  readonly rows: readonly number[];
}

export interface IndexWish {
  readonly limit: number;
  /** The place of an entry: it and those behind it are wanted; null from the newest on. */
  readonly from: string | null;
  /** Bounds of time, milliseconds since the epoch: entries outside are left out, some inside of them may be. */
  readonly afterMs: number | null;
  readonly beforeMs: number | null;
}

export class ClientIndex {
  /** Entries since the last trim, by client. */
  readonly #untrimmed = new Map<string, number>();
  #cleanedAtMs = 0;

  constructor(
    private readonly redis: Redis,
    private readonly catalogue: Catalogue,
  ) {}

  /** Before the envelope or beside it: an entry without its envelope is passed over. */
  async note(model: string, envelopeId: string, rows: readonly { readonly client: string }[]): Promise<void> {
    const place = placeOf(envelopeId) + modelCode(model);
    await Promise.all(
      [...rowsByClient(rows)].map(([client, numbers]) => this.#add(client, `${place} ${formatRows(numbers)}`)),
    );
  }

  /** A client's entries, newest first. */
  async entries(client: string, { limit, from, afterMs, beforeMs }: IndexWish): Promise<IndexEntry[]> {
    // `~` stands behind everything that an entry is made of.
    const bounds = [...(from === null ? [] : [`${from}~`]), ...(beforeMs === null ? [] : [timeBound(beforeMs)])].sort();
    const newest = bounds[0] === undefined ? '+' : `(${bounds[0]}`;
    const oldest = afterMs === null ? '-' : `[${formatEnvelopeTime(Math.max(0, afterMs))}`;
    const key = this.catalogue.clientIndexKey(client);
    const texts = await this.redis.zrevrangebylex(key, newest, oldest, 'LIMIT', 0, limit);
    return texts.flatMap((text) => parseEntry(text) ?? []);
  }

  /** They name nothing that is kept. */
  async forget(client: string, entries: readonly IndexEntry[]): Promise<void> {
    const texts = entries.map(({ text }) => text);
    if (texts.length > 0) await this.redis.zrem(this.catalogue.clientIndexKey(client), ...texts);
  }

  async #add(client: string, entry: string): Promise<void> {
    const key = this.catalogue.clientIndexKey(client);
    const work: Promise<unknown>[] = [this.redis.zadd(key, 0, entry)];
    if (this.#isTrimDue(client)) work.push(this.#trim(key));
    await Promise.all(work);
  }

  async #trim(key: string): Promise<void> {
    await Promise.all([
      this.redis.zremrangebyrank(key, 0, -MOST_ENTRIES - 1),
      this.redis.zremrangebylex(key, '-', `(${formatEnvelopeTime(Date.now() - KEPT_MS)}`),
      this.redis.pexpire(key, KEPT_MS),
    ]);
  }

  #isTrimDue(client: string): boolean {
    const now = Date.now();
    if (now - this.#cleanedAtMs > TRIM_EVERY_MS) {
      this.#cleanedAtMs = now;
      this.#untrimmed.clear();
    }
    const count = (this.#untrimmed.get(client) ?? TRIM_EVERY_ENTRIES) + 1;
    const isDue = count > TRIM_EVERY_ENTRIES;
    this.#untrimmed.set(client, isDue ? 0 : count);
    return isDue;
  }
}

/** Where an envelope stands among its client's: its time, then what tells it from others of the same time. */
export function placeOf(envelopeId: string): string {
  const time = formatEnvelopeTime(envelopeTimeMs(envelopeId));
  return `${time}${envelopeId.slice(0, 1)}${envelopeId.slice(1 + time.length)}`;
}

function timeBound(beforeMs: number): string {
  return formatEnvelopeTime(Math.max(0, beforeMs + LATE_MS));
}

function rowsByClient(rows: readonly { readonly client: string }[]): Map<string, number[]> {
  const byClient = new Map<string, number[]>();
  for (const [row, { client }] of rows.entries()) {
    const numbers = byClient.get(client);
    if (numbers === undefined) byClient.set(client, [row]);
    else numbers.push(row);
  }
  return byClient;
}

/** `0-7,9`: most envelopes are one client's, so that this is short. */
function formatRows(rows: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const row of rows) {
    const run = runs.at(-1);
    if (run?.[1] === row - 1) run[1] = row;
    else runs.push([row, row]);
  }
  return runs.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(',');
}

const ENTRY = /^([0-9a-v]{9})([ib])([0-9a-v]{16})([0-9a-v]{4}) ([\d,-]+)$/;

function parseEntry(text: string): IndexEntry | null {
  const [, time = '', kind = '', random = '', code = '', runs = ''] = ENTRY.exec(text) ?? [];
  if (time === '') return null;
  const rows = runs.split(',').flatMap((run) => {
    const [first = 0, last = first] = run.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
  return { text, modelCode: code, envelopeId: `${kind}${time}${random}`, rows };
}
