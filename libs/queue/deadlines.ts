/**
 * Watches the deadlines of the rows that a worker holds. A row that has not begun by then is dropped when its micro-batch
 * would form; one that has is marked here, and the mark ends its run as a cancel does.
 */
import type { EnvelopeRow } from '#contract/envelope';
import { LONGEST_LIFE_MS } from '#domain/limits';
import type { Redis } from 'ioredis';
import type { Catalogue } from './catalogue.js';
import { setMark } from './marks.js';

export interface WatchedRows {
  readonly model: string;
  readonly envelopeId: string;
  readonly rows: readonly EnvelopeRow[];
  /** Number of the first of them in the envelope that they were accepted in. */
  readonly firstRow: number;
  /** Rows that still have no outcome. */
  readonly isOpen: (row: number) => boolean;
}

export class Deadlines {
  constructor(
    private readonly redis: Redis,
    private readonly catalogue: Catalogue,
    private readonly onError: (error: Error) => void,
  ) {}

  /** @returns how to stop watching */
  watch({ model, envelopeId, rows, firstRow, isOpen }: WatchedRows): () => void {
    const timers = rows.flatMap(({ deadlineAtMs }, index) => {
      if (deadlineAtMs === undefined) return [];
      const row = firstRow + index;
      // Nobody may ask for longer, and a timer of more than 24 days would end at once.
      const inMs = Math.min(LONGEST_LIFE_MS, Math.max(0, deadlineAtMs - Date.now()));
      const mark = { kind: 'deadline', atMs: deadlineAtMs } as const;
      return setTimeout(() => {
        if (!isOpen(row)) return;
        setMark(this.redis, this.catalogue, { model, envelopeId, row }, mark).catch(this.onError);
      }, inMs);
    });
    return () => {
      for (const timer of timers) clearTimeout(timer);
    };
  }
}

/** True once the row's time is over. */
export function isPastDeadline({ deadlineAtMs }: EnvelopeRow): boolean {
  return deadlineAtMs !== undefined && Date.now() >= deadlineAtMs;
}
