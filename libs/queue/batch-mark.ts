/** The mark of a whole batch: one field of its record, read by a worker when it takes one of its envelopes. */
import type { Mark } from '#domain/mark';
import type { Redis } from 'ioredis';
import type { Catalogue } from './catalogue.js';

/** @returns the mark, or null where the batch has none */
export async function readBatchMark(
  redis: Redis,
  catalogue: Catalogue,
  model: string,
  batchId: string,
): Promise<Mark | null> {
  const text = await redis.hget(catalogue.batchKey(model, batchId), 'mark');
  return text === null ? null : parseBatchMark(text);
}

/** As `<kind> <ms>`. */
export function formatBatchMark({ kind, atMs }: Mark): string {
  return `${kind} ${atMs}`;
}

/** @returns null for a text that `formatBatchMark` does not write */
export function parseBatchMark(text: string): Mark | null {
  const [kind, atMs = ''] = text.split(' ');
  return kind === 'canceled' || kind === 'aborted' ? { kind, atMs: Number(atMs) } : null;
}
