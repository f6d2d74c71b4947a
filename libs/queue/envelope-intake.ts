/**
 * Takes jobs of one queue, hands them to a processor, and settles them.
 *
 * The order of a settlement is what makes it safe: outcomes are written under the lock's token, then the job is
 * completed with that token, which Redis does only for the holder of the lock. The end is told afterwards, and nothing
 * hangs on that message.
 */
import { batchOf, type Envelope, ENVELOPE_VERSION } from '#contract/envelope';
import { parseFailure } from '#domain/failure';
import { DelayedError, type Job, UnrecoverableError, WaitingError } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Catalogue } from './catalogue.js';
import { announceEnd, type End } from './completions.js';
import type { ErrorListener } from './connection.js';
import { hold } from './hold.js';
import {
  countFailures,
  countOutcomes,
  encodeBlocks,
  type FailureCounts,
  type Settlement,
  writeOutcomes,
} from './outcomes.js';
import { PatientWorker } from './patient-worker.js';
import { parseProgress } from './progress.js';
import type { JobEnd, Settled, TakenEnvelope } from './taken-envelope.js';

export interface IntakeOptions {
  readonly model: string;
  readonly queueName: string;
  /** Jobs in hand at once. */
  readonly slots: number;
  readonly resultTtlSeconds: number;
  /** Whether BullMQ removes what ended longer ago than that; it does so only when another job ends. */
  readonly removesByAge: boolean;
  readonly process: (taken: TakenEnvelope) => Promise<Settled>;
  /** Redis is so full that it may refuse a write: outcomes are then held until it has taken them. */
  readonly isNearlyFull: () => boolean;
  readonly onSettled: (
    taken: TakenEnvelope,
    counts: Settlement['counts'],
    failures: FailureCounts,
    end: JobEnd,
  ) => void;
  readonly onStalled: () => void;
  /** A job in hand is no longer ours: its lock was not renewed in time. Told once a job. */
  readonly onLockLost: () => void;
  readonly onError: ErrorListener;
}

/** A dead worker's jobs come back after at most lock + check, 15 s, or 20 s when a check is skipped. */
const LOCK_MS = 10_000;
const STALLED_CHECK_MS = 5_000;
/** BullMQ must never fail a job for stalling: that would fail innocents. What a stall means is decided by us. */
const STALLS_BULLMQ_ALLOWS = 1_000;
/** BullMQ stops renewing a lock before it settles; its default pause of 15 s would outlive the lock. */
const SETTLE_RETRY_MS = 500;
/** Another worker may have the version; no try of it has failed, so the pause does not grow. */
const POSTPONED_MS = 1_000;
/** 1 s, 2 s, 4 s and so on, each up to a half shorter, so that what failed together does not come again together. */
const PASSING_BACKOFF = { type: 'exponential', delay: 1_000, jitter: 0.5 } as const;

/** How a job leaves this worker's hands, once Redis agrees. */
interface Ending {
  readonly taken: TakenEnvelope;
  readonly counts: Settlement['counts'];
  readonly end: JobEnd;
  readonly failures: FailureCounts;
  readonly settled: End['settled'];
  /** Set when its end is being told; false where that came too early. */
  told: Promise<boolean> | null;
}

/** How BullMQ says that a job is somebody else's now. */
export const LOST_LOCK = /^(?:Missing lock|Lock mismatch) for job (\S+?)\./;
const HANDED_BACK: Settled = { kind: 'handed_back' };
const ONE_FAILED = { succeeded: 0, failed: 1, moved: 0, dropped: 0 };

export class EnvelopeIntake {
  readonly #worker: PatientWorker;
  /** Endings that Redis has not confirmed; those of a lost lock go with their job. */
  readonly #endings = new WeakMap<Job, Ending>();
  /** Jobs whose lock this worker has, as far as it knows. */
  readonly #held = new Set<string>();
  #quiet = false;

  constructor(
    private readonly redis: Redis,
    private readonly catalogue: Catalogue,
    private readonly options: IntakeOptions,
  ) {
    this.#worker = new PatientWorker(options.queueName, (job, token) => this.#handle(job, token ?? ''), {
      connection: redis,
      prefix: catalogue.tag(options.model),
      autorun: false,
      concurrency: options.slots,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: STALLS_BULLMQ_ALLOWS,
      runRetryDelay: SETTLE_RETRY_MS,
      skipVersionCheck: true,
      ...(options.removesByAge
        ? { removeOnComplete: { age: options.resultTtlSeconds }, removeOnFail: { age: options.resultTtlSeconds } }
        : {}),
    });
    this.#worker.on('error', (error) => {
      this.#lostBy(LOST_LOCK.exec(error.message)?.[1]);
      options.onError(error);
    });
    this.#worker.on('stalled', options.onStalled);
    this.#worker.on('lockRenewalFailed', (jobIds) => {
      for (const jobId of jobIds) this.#lostBy(jobId);
    });
    this.#worker.on('completed', (job: Job) => void this.#ended(job));
    this.#worker.on('failed', (job: Job | undefined) => {
      this.#held.delete(job?.id ?? '');
      if (job?.finishedOn !== undefined) void this.#ended(job);
    });
  }

  /** Jobs in hand at once; what is in hand beyond a smaller number goes on. */
  set slots(slots: number) {
    this.#worker.concurrency = slots;
  }

  start(): void {
    // run() resolves when the worker is closed; its errors come by the listener above.
    this.#worker.run().catch(this.options.onError);
  }

  /** Takes no more; what is in hand goes on. */
  async quiet(): Promise<void> {
    this.#quiet = true;
    await this.#worker.pause(true);
  }

  /** Resolves when nothing is in hand any more. With Redis away it may never do so: give it a deadline. */
  async close(): Promise<void> {
    await this.#worker.close();
  }

  async #handle(job: Job, token: string): Promise<Settlement> {
    const taken = this.#toTaken(job);
    this.#held.add(taken.jobId);
    // Fetched in the moment in which the worker was told to stop.
    const settled = this.#quiet ? HANDED_BACK : await this.#process(taken);
    switch (settled.kind) {
      case 'handed_back':
        this.#held.delete(taken.jobId);
        await job.moveToWait(token);
        throw new WaitingError();
      case 'postponed':
        this.#held.delete(taken.jobId);
        await job.moveToDelayed(Date.now() + POSTPONED_MS, token);
        throw new DelayedError();
      case 'again':
        // BullMQ counts the attempt, keeps the reason, and delays the job; its own back-off is for bugs.
        job.opts.backoff = PASSING_BACKOFF;
        throw new Error(settled.reason);
      case 'failed': {
        const failures = { [parseFailure(settled.reason).code]: 1 };
        this.#endings.set(job, { taken, counts: ONE_FAILED, failures, end: settled, settled: null, told: null });
        throw new UnrecoverableError(settled.reason);
      }
      case 'outcomes':
        return this.#settle(job, taken, token, settled);
    }
  }

  async #process(taken: TakenEnvelope): Promise<Settled> {
    // During an upgrade another worker may read what this one cannot.
    const version: number = taken.envelope.v;
    if (version !== ENVELOPE_VERSION) return { kind: 'postponed' };
    try {
      return await this.options.process(taken);
    } catch (error) {
      // BullMQ tries the job again, and keeps of why no more than the message.
      this.options.onError(error as Error);
      throw error;
    }
  }

  /**
   * Three commands, in this order on one connection: the outcomes, the job's end (by BullMQ, when this returns), and the
   * message, which Redis sends only if that end came true.
   */
  async #settle(
    job: Job,
    taken: TakenEnvelope,
    token: string,
    end: Extract<JobEnd, { kind: 'outcomes' }>,
  ): Promise<Settlement> {
    const blocks = encodeBlocks(end.outcomes);
    const counts = countOutcomes(end.outcomes);
    await this.#write(taken, token, blocks);
    // A message knows nothing of earlier attempts: who waits reads.
    const settled = { token, blocks: taken.retaken ? [] : blocks };
    const failures = countFailures(end.outcomes);
    const ending: Ending = { taken, counts, failures, end, settled, told: null };
    this.#endings.set(job, ending);
    // Behind the command that ends the job, and in the same write.
    process.nextTick(() => {
      ending.told = this.#tell(ending);
    });
    return { token, counts };
  }

  async #write({ jobId, envelope }: TakenEnvelope, token: string, blocks: readonly string[]): Promise<void> {
    const { model, resultTtlSeconds, onError } = this.options;
    const key = this.catalogue.outcomesKey(model, jobId, token);
    const manner = this.options.isNearlyFull() ? 'held' : 'at_once';
    // The clock of a batch's results starts when all of it has ended.
    const batchSeconds = Math.ceil(Math.max(0, (batchOf(envelope)?.expiresAtMs ?? 0) - Date.now()) / 1_000);
    const ttlSeconds = batchSeconds + resultTtlSeconds;
    await hold(() => writeOutcomes(this.redis, key, blocks, ttlSeconds, manner, onError), onError);
  }

  /** A failed renewal and a failed settlement both report the same lost lock; it is counted once. */
  #lostBy(jobId: string | undefined): void {
    if (jobId !== undefined && this.#held.delete(jobId)) this.options.onLockLost();
  }

  async #ended(job: Job): Promise<void> {
    this.#held.delete(job.id ?? '');
    const ending = this.#endings.get(job);
    if (ending === undefined) return;
    this.#letGo(job);
    this.options.onSettled(ending.taken, ending.counts, ending.failures, ending.end);
    const told = await ending.told;
    // The job's end had to be tried again, so the first message came before it.
    if (told !== true) await this.#tell(ending);
  }

  /**
   * BullMQ passes jobs through a linked list, and a node that has left it still points to the next. Where one of them has grown
   * old, V8's young generation takes all that follow for alive: with their rows, each collection took five times as long.
   */
  #letGo(job: Job): void {
    this.#endings.delete(job);
    job.data = undefined;
  }

  async #tell({ taken, settled }: Ending): Promise<boolean> {
    const { jobId, jobKey, envelope } = taken;
    const { model } = this.options;
    const channel = this.catalogue.jobChannel(model, jobId);
    const batch = batchOf(envelope);
    const batchChannel = batch === undefined ? '' : this.catalogue.jobChannel(model, batch.id);
    try {
      const origin = envelope.awaited ? envelope.origin : '';
      return await announceEnd(this.redis, { jobId, jobKey, origin, channel, batchChannel, settled });
    } catch (error) {
      this.options.onError(error as Error);
      return false;
    }
  }

  #toTaken(job: Job): TakenEnvelope {
    const { catalogue, options } = this;
    return {
      jobId: job.id ?? '',
      jobKey: `${catalogue.tag(options.model)}:${options.queueName}:${job.id ?? ''}`,
      envelope: job.data as Envelope,
      marks: parseProgress(job.progress).marks,
      stalls: job.stalledCounter,
      attempt: 1 + job.stalledCounter + job.attemptsMade,
      retaken: job.attemptsStarted > 1,
    };
  }
}
