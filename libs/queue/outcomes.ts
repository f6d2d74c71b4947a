/**
 * Outcomes stand beside their job, not in it: one hash an attempt, `<job>:<lock token>`, in blocks of 32 rows.
 *
 * The job is completed with the token as its small value, and BullMQ completes it only for who still holds the lock:
 * so that compare-and-set decides which attempt's outcomes are the truth, and what a worker wrote that had lost its
 * lock is never read and expires. Reading one row takes one block, however large the envelope is.
 */
import type { FailureCode } from '#domain/failure';
import type { Outcome, RunFacts } from '#domain/outcome';
import type { Redis } from 'ioredis';

export const ROWS_PER_BLOCK = 32;

/** The value a job is completed with. */
export interface Settlement {
  readonly token: string;
  readonly counts: Readonly<Record<Outcome['kind'], number>>;
}

/**
 * Outcomes as JSON, block by block; made once and written as often as a full Redis makes necessary.
 *
 * A block is an array with a line an outcome, and of a success the output stands last: so whoever writes out a million
 * of them can cut each out as text, without reading it. JSON itself has no raw line ends.
 */
export function encodeBlocks(outcomes: readonly Outcome[]): string[] {
  const encode = outcomeEncoder();
  const blocks: string[] = [];
  for (let i = 0; i < outcomes.length; i += ROWS_PER_BLOCK) {
    blocks.push(
      `[${outcomes
        .slice(i, i + ROWS_PER_BLOCK)
        .map(encode)
        .join(LINE_BREAK)}]`,
    );
  }
  return blocks;
}

const LINE_BREAK = ',\n';
const SUCCEEDED = '{"kind":"succeeded",';
const OUTPUT = ',"output":';

/** Rows that ran together have their run facts in common, and they are next to each other. */
function outcomeEncoder(): (outcome: Outcome) => string {
  let last: { run: RunFacts; text: string } | null = null;
  return (outcome) => {
    if (outcome.kind !== 'succeeded') return JSON.stringify(outcome);
    const { run, output } = outcome;
    if (last?.run !== run) last = { run, text: JSON.stringify(run) };
    return `${SUCCEEDED}"run":${last.text}${OUTPUT}${JSON.stringify(output)}}`;
  };
}

/** @returns each outcome of a block as its JSON */
export function linesOf(block: string): string[] {
  return block.slice(1, -1).split(LINE_BREAK);
}

/** @returns the output of a success, as its JSON; null for any other outcome */
export function outputOf(line: string): string | null {
  if (!line.startsWith(SUCCEEDED)) return null;
  // Run facts are numbers: the name cannot stand among them.
  return line.slice(line.indexOf(OUTPUT) + OUTPUT.length, -1);
}

/**
 * KEYS   1 the outcomes
 * ARGV   1 life in seconds, then pairs of block number and block
 * Atomic so that no block is left without an end of its life; one command, since each costs a write to the socket.
 */
const WRITE = `
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
return redis.call('EXPIRE', KEYS[1], ARGV[1])
`;

/**
 * The same, and never refused for lack of memory: a script whose first write frees memory is let through, as is the one
 * that completes the job behind it.
 */
const WRITE_AT_ONCE = `
redis.call('DEL', KEYS[1])${WRITE}`;

export function blockOf(row: number): number {
  return Math.floor(row / ROWS_PER_BLOCK);
}

/** @returns the row's outcome out of its block, or null where there is none */
export function decodeOutcome(block: string | null | undefined, row: number): Outcome | null {
  if (block === null || block === undefined) return null;
  const outcomes = JSON.parse(block) as Outcome[];
  return outcomes[row % ROWS_PER_BLOCK] ?? null;
}

/**
 * `held` waits for Redis to say yes, and throws its no; the caller tries again. `at_once` is for a Redis with room: it
 * resolves when the command is on its way, so that the job is completed by the next command on the same connection and
 * a caller waits for one round trip less.
 */
export type WriteManner = 'held' | 'at_once';

/** @throws what Redis answers, where it is waited for */
export async function writeOutcomes(
  redis: Redis,
  key: string,
  blocks: readonly string[],
  ttlSeconds: number,
  manner: WriteManner,
  onError: (error: Error) => void,
): Promise<void> {
  // Longer than the job itself is kept: the job's end, which comes later, starts the clock that people see.
  const lifeSeconds = ttlSeconds * 2 + 60;
  const script = manner === 'held' ? WRITE : WRITE_AT_ONCE;
  // The text and not its hash: a script that Redis does not know would be answered too late.
  const written = redis.eval(script, 1, key, lifeSeconds, ...blocks.flatMap((block, index) => [index, block]));
  if (manner === 'held') await written;
  else written.catch(onError);
}

export function countOutcomes(outcomes: readonly Outcome[]): Settlement['counts'] {
  const counts = { succeeded: 0, failed: 0, moved: 0, dropped: 0 };
  for (const outcome of outcomes) counts[outcome.kind] += 1;
  return counts;
}

/** How many failed for good, by why. */
export type FailureCounts = Readonly<Partial<Record<FailureCode, number>>>;

export function countFailures(outcomes: readonly Outcome[]): FailureCounts {
  const counts: Partial<Record<FailureCode, number>> = {};
  for (const outcome of outcomes) {
    if (outcome.kind === 'failed') counts[outcome.failure.code] = (counts[outcome.failure.code] ?? 0) + 1;
  }
  return counts;
}
