/** Pages of a client's predictions, newest first, out of the index of its envelopes. */
import type { Prediction, Status } from '#domain/prediction';
import { envelopeTimeMs } from '#domain/prediction-id';
import { type ClientIndex, type IndexEntry, placeOf } from '#queue/client-index';
import { withinBudget } from '#queue/connection';
import type { EnvelopeReader, Found } from '#queue/envelope-reader';
import type { ModelQueues } from '#queue/model-queues';
import type { ModelCatalogue } from './model-catalogue.js';

/** Everything but the limit is null where it is not wanted. Times are milliseconds since the epoch. */
export interface PredictionWish {
  readonly limit: number;
  /** The `next` of the page before. */
  readonly cursor: string | null;
  /** The model's name, with its owner or without. */
  readonly model: string | null;
  readonly status: Status | null;
  /** At or after. */
  readonly createdAfterMs: number | null;
  /** Before. */
  readonly createdBeforeMs: number | null;
}

export interface PredictionPage {
  readonly predictions: readonly Prediction[];
  /** Where to read on; null behind the last one. A page may be short, or empty, and have one. */
  readonly next: string | null;
}

const ENTRIES_AT_ONCE = 100;
/** Predictions, and entries of other models by the hundred, that one page looks at for those that are wanted. */
const MOST_LOOKED_AT = 1_000;
/** An entry this young may be quicker than its envelope. */
const YOUNG_MS = 60_000;

/** The last prediction of a page: its envelope's place, and its row. */
const CURSOR = /^([0-9a-v]{26})([0-9a-v]{2})$/;
const FIRST_ROW = '00';

interface Candidate {
  readonly entry: IndexEntry;
  readonly model: string;
  readonly row: number;
}

interface Chunk {
  readonly candidates: readonly Candidate[];
  /** The cursor behind all of its entries. */
  readonly end: string;
}

export class ListPredictions {
  constructor(
    private readonly queues: ModelQueues,
    private readonly index: ClientIndex,
    private readonly reader: EnvelopeReader,
    private readonly catalogue: ModelCatalogue,
  ) {}

  /** @throws QueueUnavailableError when Redis does not answer in time */
  async page(client: string, wish: PredictionWish): Promise<PredictionPage> {
    const predictions: Prediction[] = [];
    let next: string | null = null;
    let looked = 0;
    for await (const { candidates, end } of this.#chunks(client, wish)) {
      for (const part of inParts(candidates, wish.limit + 1)) {
        const found = await this.#readAll(client, part);
        for (const [i, candidate] of part.entries()) {
          const prediction = found[i];
          if (prediction === undefined || typeof prediction === 'string') continue;
          if (!matches(prediction, client, wish)) continue;
          // There is one more than was wanted: so there is another page.
          if (predictions.length === wish.limit) return { predictions, next };
          predictions.push(prediction);
          next = cursorOf(candidate);
        }
        looked += part.length;
        const last = part.at(-1);
        if (looked >= MOST_LOOKED_AT && last !== undefined) return { predictions, next: cursorOf(last) };
      }
      looked += 1;
      if (looked >= MOST_LOOKED_AT) return { predictions, next: end };
    }
    return { predictions, next: null };
  }

  /** The predictions behind the wish's cursor that may be wanted, newest first, a number of entries at a time. */
  async *#chunks(client: string, wish: PredictionWish): AsyncGenerator<Chunk, void, undefined> {
    const { model, createdAfterMs: afterMs, createdBeforeMs: beforeMs } = wish;
    let end = wish.cursor;
    for (;;) {
      const [, place = null, rowText = ''] = CURSOR.exec(end ?? '') ?? [];
      const question = { limit: ENTRIES_AT_ONCE, from: place, afterMs, beforeMs };
      const entries = await withinBudget(this.queues.redis, () => this.index.entries(client, question));
      const candidates = entries.flatMap((entry) => {
        const name = this.catalogue.modelOfCode(entry.modelCode);
        if (name === undefined || !this.#isCalled(name, model)) return [];
        const isOfCursor = placeOf(entry.envelopeId) === place;
        const behind = entry.rows.filter((row) => !isOfCursor || row < Number.parseInt(rowText, 32));
        return behind.reverse().map((row) => ({ entry, model: name, row }));
      });
      const last = entries.at(-1);
      if (last !== undefined) end = placeOf(last.envelopeId) + FIRST_ROW;
      if (end !== null) yield { candidates, end };
      if (entries.length < ENTRIES_AT_ONCE) return;
    }
  }

  #isCalled(name: string, wanted: string | null): boolean {
    if (wanted === null || wanted === name) return true;
    return wanted === `${this.catalogue.repository.latest(name)?.owner ?? ''}/${name}`;
  }

  async #readAll(client: string, candidates: readonly Candidate[]): Promise<Found[]> {
    const found = await Promise.all(
      candidates.map(({ entry: { modelCode, envelopeId }, model, row }) =>
        this.reader.readUpToDate(model, { modelCode, envelopeId, row }),
      ),
    );
    await this.#forgetGone(client, candidates, found);
    return found;
  }

  /** What has had its time would be looked at for nothing by every list. */
  async #forgetGone(client: string, candidates: readonly Candidate[], found: readonly Found[]): Promise<void> {
    const kept = new Set(candidates.filter((_, i) => typeof found[i] !== 'string').map(({ entry }) => entry));
    const gone = new Set(candidates.map(({ entry }) => entry).filter((entry) => !kept.has(entry)));
    const old = [...gone].filter(
      (entry) =>
        Date.now() - envelopeTimeMs(entry.envelopeId) > YOUNG_MS &&
        candidates.filter((candidate) => candidate.entry === entry).length === entry.rows.length,
    );
    await withinBudget(this.queues.redis, () => this.index.forget(client, old));
  }
}

function cursorOf({ entry: { envelopeId }, row }: Candidate): string {
  return placeOf(envelopeId) + row.toString(32).padStart(2, '0');
}

function matches(
  { submission, standing }: Prediction,
  client: string,
  { status, createdAfterMs, createdBeforeMs }: PredictionWish,
): boolean {
  const { createdAtMs } = submission;
  if (submission.client !== client || (status !== null && standing.status !== status)) return false;
  if (createdAfterMs !== null && createdAtMs < createdAfterMs) return false;
  return createdBeforeMs === null || createdAtMs < createdBeforeMs;
}

function* inParts<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let i = 0; i < items.length; i += size) yield items.slice(i, i + size);
}
