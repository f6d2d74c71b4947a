/**
 * Tells the world that rows of a job have begun to run.
 *
 * Most envelopes end within milliseconds of their start, and then nobody can see the difference: a start is written
 * only for a job that is still running a moment later.
 */
import type { Redis } from 'ioredis';
import { LUA_READ_PROGRESS } from './progress.js';
import { Script } from './script.js';

const MOMENT_MS = 25;

/**
 * KEYS   1 the job
 * ARGV   pairs of row and start in ms
 * Only the first start of a row is kept: a prediction that runs again stays `processing` since then. A row that was
 * marked, and a job that has ended, have been answered: a start that comes later changes nothing.
 */
const SET_STARTS = new Script(
  `${LUA_READ_PROGRESS}
local job = redis.call('HMGET', KEYS[1], 'data', 'finishedOn')
if not job[1] or job[2] then return 0 end
local progress = readProgress(KEYS[1])
for i = 1, #ARGV, 2 do
  if not progress.s[ARGV[i]] and not progress.x[ARGV[i]] then progress.s[ARGV[i]] = tonumber(ARGV[i + 1]) end
end
return redis.call('HSET', KEYS[1], 'progress', cjson.encode(progress))
`,
  1,
);

export class StartReporter {
  /** Starts that are not written yet, by the key of their job. */
  readonly #unwritten = new Map<string, Map<number, number>>();
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly redis: Redis,
    private readonly onError: (error: Error) => void,
  ) {}

  started(jobKey: string, row: number, atMs: number): void {
    const rows = this.#unwritten.get(jobKey);
    if (rows === undefined) this.#unwritten.set(jobKey, new Map([[row, atMs]]));
    else rows.set(row, atMs);
    this.#timer ??= setTimeout(() => this.#write(), MOMENT_MS);
  }

  /** The job is about to end: its outcomes say when its rows started. */
  ended(jobKey: string): void {
    this.#unwritten.delete(jobKey);
  }

  #write(): void {
    this.#timer = null;
    for (const [jobKey, rows] of this.#unwritten) {
      SET_STARTS.run(this.redis, [jobKey, ...[...rows].flat()]).catch(this.onError);
    }
    this.#unwritten.clear();
  }
}
