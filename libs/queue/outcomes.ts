/**
 * Outcomes stand beside their job, not in it: one hash an attempt, `<job>:<lock token>`, in blocks of 32 rows.
 *
 * The job is completed with the token as its small value, and BullMQ completes it only for who still holds the lock:
 * so that compare-and-set decides which attempt's outcomes are the truth, and what a worker wrote that had lost its
 * lock is never read and expires. Reading one row takes one block, however large the envelope is.
 */
import type { FailureCode } from '#domain/failure';
import type { NewOutcome, NewSuccess, Outcome, RunFacts } from '#domain/outcome';
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
 * A block is an array: the run facts of its rows first, since rows that ran together have them in common, then an
 * outcome a row, which names its run by its place. Each stands on a line of its own, and of a success the output stands
 * last: so whoever writes out a million of them can cut each out as text, without reading it. JSON itself has no raw line
 * ends.
 *
 *     [[{"startedAtMs":1764115200000,"predictMs":0.4,"batchSize":64}],
 *     {"kind":"succeeded","run":0,"output":{"value":1}},
 *     {"kind":"moved","run":null}]
 */
export function encodeBlocks(outcomes: readonly NewOutcome[]): string[] {
  const blocks: string[] = [];
  for (let i = 0; i < outcomes.length; i += ROWS_PER_BLOCK) {
    blocks.push(encodeBlock(outcomes.slice(i, i + ROWS_PER_BLOCK)));
  }
  return blocks;
}

const LINE_BREAK = ',\n';
const SUCCEEDED = '{"kind":"succeeded","run":';
const OUTPUT = ',"output":';

function encodeBlock(outcomes: readonly NewOutcome[]): string {
  const runs: RunFacts[] = [];
  const lines = outcomes.map((outcome) => {
    const run = 'run' in outcome ? placeOf(outcome.run, runs) : null;
    if (outcome.kind === 'succeeded') return `${SUCCEEDED}${String(run)}${OUTPUT}${outcome.outputJson}}`;
    return JSON.stringify('run' in outcome ? { ...outcome, run } : outcome);
  });
  return `[${[JSON.stringify(runs), ...lines].join(LINE_BREAK)}]`;
}

/** Those that ran together are next to each other, and share the object. */
function placeOf(run: RunFacts | null, runs: RunFacts[]): number | null {
  if (run === null) return null;
  if (runs.at(-1) !== run) runs.push(run);
  return runs.length - 1;
}

/** An outcome as it stands in its block. */
type PlacedOutcome = Outcome extends infer One
  ? One extends { readonly run: unknown }
    ? Omit<One, 'run'> & { readonly run: number | null }
    : One
  : never;

/** One block, whose lines are read when they are asked for. */
export class OutcomeBlock {
  readonly #lines: readonly string[];
  #runs: readonly RunFacts[] | null = null;

  constructor(block: string) {
    this.#lines = block.slice(1, -1).split(LINE_BREAK);
  }

  /** @returns the output of a success, as its JSON; null for any other outcome */
  outputJson(row: number): string | null {
    const line = this.#lineOf(row);
    if (line?.startsWith(SUCCEEDED) !== true) return null;
    return line.slice(line.indexOf(OUTPUT, SUCCEEDED.length) + OUTPUT.length, -1);
  }

  /** @returns a success, its output unread; null for any other outcome */
  success(row: number): NewSuccess | null {
    const line = this.#lineOf(row);
    const outputJson = this.outputJson(row);
    if (line === undefined || outputJson === null) return null;
    const run = this.#allRuns[Number(line.slice(SUCCEEDED.length, line.indexOf(OUTPUT, SUCCEEDED.length)))];
    return run === undefined ? null : { kind: 'succeeded', outputJson, run };
  }

  outcome(row: number): Outcome | null {
    const line = this.#lineOf(row);
    return line === undefined ? null : outcomeOf(JSON.parse(line) as PlacedOutcome, this.#allRuns);
  }

  get #allRuns(): readonly RunFacts[] {
    return (this.#runs ??= JSON.parse(this.#lines[0] ?? '[]') as RunFacts[]);
  }

  #lineOf(row: number): string | undefined {
    return this.#lines[1 + (row % ROWS_PER_BLOCK)];
  }
}

function outcomeOf(placed: PlacedOutcome, runs: readonly RunFacts[]): Outcome {
  if (!('run' in placed)) return placed;
  return { ...placed, run: placed.run === null ? null : (runs[placed.run] ?? null) } as Outcome;
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
  return block === null || block === undefined ? null : new OutcomeBlock(block).outcome(row);
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

export function countOutcomes(outcomes: readonly NewOutcome[]): Settlement['counts'] {
  const counts = { succeeded: 0, failed: 0, moved: 0, dropped: 0 };
  for (const outcome of outcomes) counts[outcome.kind] += 1;
  return counts;
}

/** How many failed for good, by why. */
export type FailureCounts = Readonly<Partial<Record<FailureCode, number>>>;

export function countFailures(outcomes: readonly NewOutcome[]): FailureCounts {
  const counts: Partial<Record<FailureCode, number>> = {};
  for (const outcome of outcomes) {
    if (outcome.kind === 'failed') counts[outcome.failure.code] = (counts[outcome.failure.code] ?? 0) + 1;
  }
  return counts;
}
