/**
 * Tells the world that rows of a job have begun to run, and which attempt it is.
 *
 * Most envelopes end within milliseconds of their start, and then nobody can see the difference: a start is written
 * only for a job that is still running a moment later.
 */
import type { Redis } from 'ioredis';
import { channelOfJob } from './catalogue.js';
import { LUA_READ_PROGRESS } from './progress.js';
import { Script } from './script.js';

const MOMENT_MS = 25;

/**
 * KEYS   1 the job
 * ARGV   1 number of the attempt, 2 the job's channel, then pairs of row and start in ms, or row and nothing where it only
 *        begins to be tried
 * Only the first start of a row is kept: a prediction that runs again stays `processing` since then. A row that was
 * marked, and a job that has ended, have been answered: a start that comes later changes nothing.
 */
const SET_STARTS = new Script(
  `${LUA_READ_PROGRESS}
local job = redis.call('HMGET', KEYS[1], 'data', 'finishedOn')
if not job[1] or job[2] then return 0 end
local progress = readProgress(KEYS[1])
local attempt = tonumber(ARGV[1])
for i = 3, #ARGV, 2 do
  local row, start = ARGV[i], tonumber(ARGV[i + 1])
  if not progress.x[row] then
    progress.s[row] = progress.s[row] or start
    if attempt > 1 or not start then progress.a[row] = math.max(progress.a[row] or 0, attempt) end
  end
end
redis.call('HSET', KEYS[1], 'progress', cjson.encode(progress))
redis.call('PUBLISH', ARGV[2], '')
return 1
`,
  1,
);

export class StartReporter {
  /** Starts that are not written yet, by the key of their job. */
  readonly #unwritten = new Map<string, { readonly attempt: number; readonly rowsAndTimes: number[] }>();
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly redis: Redis,
    private readonly onError: (error: Error) => void,
  ) {}

  /** @param attempt see `TakenEnvelope` */
  started(jobKey: string, row: number, atMs: number, attempt = 1): void {
    const job = this.#unwritten.get(jobKey);
    if (job === undefined) this.#unwritten.set(jobKey, { attempt, rowsAndTimes: [row, atMs] });
    else job.rowsAndTimes.push(row, atMs);
    this.#timer ??= setTimeout(() => this.#write(), MOMENT_MS);
  }

  /**
   * The one row of a retry job is tried once more, whether or not an executor will live to run it. Written at once, and
   * before: this is how its attempts are counted.
   */
  async tried(jobKey: string, attempt: number): Promise<void> {
    await SET_STARTS.run(this.redis, [jobKey, attempt, channelOfJob(jobKey), 0, '']);
  }

  /** The job is about to end: its outcomes say when its rows started. */
  ended(jobKey: string): void {
    this.#unwritten.delete(jobKey);
  }

  #write(): void {
    this.#timer = null;
    for (const [jobKey, { attempt, rowsAndTimes }] of this.#unwritten) {
      SET_STARTS.run(this.redis, [jobKey, attempt, channelOfJob(jobKey), ...rowsAndTimes]).catch(this.onError);
    }
    this.#unwritten.clear();
  }
}
