/** Takes announcements, one model's queue an intake, and hands them to whoever tells the outside. */
import { DelayedError, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Announcement } from './announcements.js';
import type { Catalogue } from './catalogue.js';
import { type ErrorListener, isFull, isUnavailable, QueueFullError } from './connection.js';
import { PatientWorker } from './patient-worker.js';

const LOCK_MS = 10_000;
const STALLED_CHECK_MS = 5_000;
/** A courier that dies while it tells is no reason not to tell. */
const STALLS_ALLOWED = 1_000;
const SLOTS = 8;
/** Between two tries while Redis is full or away. */
const AGAIN_MS = 1_000;

export interface AnnouncementIntakeOptions {
  readonly model: string;
  /** How long an announcement that was told is kept, seconds. */
  readonly keptSeconds: number;
  /** Rejects where it has to be tried again. */
  readonly tell: (announcement: Announcement) => Promise<void>;
  readonly onError: ErrorListener;
}

export class AnnouncementIntake {
  readonly #worker: PatientWorker;

  constructor(
    redis: Redis,
    catalogue: Catalogue,
    private readonly options: AnnouncementIntakeOptions,
  ) {
    const { model, keptSeconds, onError } = options;
    this.#worker = new PatientWorker(catalogue.announcementQueue(model), (job, token) => this.#tell(job, token), {
      connection: redis,
      prefix: catalogue.tag(model),
      autorun: false,
      concurrency: SLOTS,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: STALLS_ALLOWED,
      runRetryDelay: 500,
      skipVersionCheck: true,
      removeOnComplete: { age: keptSeconds },
      removeOnFail: { age: keptSeconds },
    });
    this.#worker.on('error', onError);
    this.#worker.on('failed', (_, error) => onError(error));
  }

  start(): void {
    this.#worker.run().catch(() => undefined); // Errors come by the listener above.
  }

  async close(): Promise<void> {
    await this.#worker.close();
  }

  /** A Redis that is full or away is no try: an announcement whose tries are used up would never be told. */
  async #tell(job: Job, token: string | undefined): Promise<void> {
    try {
      await this.options.tell(job.data as Announcement);
    } catch (error) {
      if (!isFull(error) && !isUnavailable(error) && !(error instanceof QueueFullError)) throw error;
      this.options.onError(error as Error);
      await job.moveToDelayed(Date.now() + AGAIN_MS, token);
      throw new DelayedError();
    }
  }
}
