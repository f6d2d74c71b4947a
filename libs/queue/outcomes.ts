/**
 * Outcomes stand beside their job, not in it: one hash an attempt, `<job>:<lock token>`, in blocks of 32 rows.
 *
 * The job is completed with the token as its small value, and BullMQ completes it only for who still holds the lock:
 * so that compare-and-set decides which attempt's outcomes are the truth, and what a worker wrote that had lost its
 * lock is never read and expires. Reading one row takes one block, however large the envelope is.
 */
import type { Outcome } from '#domain/outcome';
import type { Redis } from 'ioredis';
import type { Catalogue } from './catalogue.js';
import { Script } from './script.js';

export const ROWS_PER_BLOCK = 32;

/** The value a job is completed with. */
export interface Settlement {
  readonly token: string;
  readonly counts: Readonly<Record<Outcome['kind'], number>>;
}

/** Outcomes as JSON, block by block; made once and written as often as a full Redis makes necessary. */
export function encodeBlocks(outcomes: readonly Outcome[]): string[] {
  const blocks: string[] = [];
  for (let i = 0; i < outcomes.length; i += ROWS_PER_BLOCK) {
    blocks.push(JSON.stringify(outcomes.slice(i, i + ROWS_PER_BLOCK)));
  }
  return blocks;
}

/**
 * KEYS   1 the outcomes
 * ARGV   1 life in seconds, then pairs of block number and block
 * Atomic so that no block is left without an end of its life; one command, since each costs a write to the socket.
 */
const WRITE = new Script(
  `
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
return redis.call('EXPIRE', KEYS[1], ARGV[1])
`,
  1,
);

export function blockOf(row: number): number {
  return Math.floor(row / ROWS_PER_BLOCK);
}

/** @returns the row's outcome out of its block, or null where there is none */
export function decodeOutcome(block: string | null | undefined, row: number): Outcome | null {
  if (block === null || block === undefined) return null;
  const outcomes = JSON.parse(block) as Outcome[];
  return outcomes[row % ROWS_PER_BLOCK] ?? null;
}

/** @throws what Redis answers; the caller holds and tries again when it is full */
export async function writeOutcomes(
  redis: Redis,
  catalogue: Catalogue,
  at: { readonly model: string; readonly jobId: string; readonly token: string },
  blocks: readonly string[],
  ttlSeconds: number,
): Promise<void> {
  const key = catalogue.outcomesKey(at.model, at.jobId, at.token);
  // Longer than the job itself is kept: the job's end, which comes later, starts the clock that people see.
  const lifeSeconds = ttlSeconds * 2 + 60;
  await WRITE.run(redis, [key, lifeSeconds, ...blocks.flatMap((block, index) => [index, block])]);
}

export function countOutcomes(outcomes: readonly Outcome[]): Settlement['counts'] {
  const counts = { succeeded: 0, failed: 0, moved: 0, dropped: 0 };
  for (const outcome of outcomes) counts[outcome.kind] += 1;
  return counts;
}
