/** Takes announcements, one model's queue an intake, and hands them to whoever tells the outside. */
import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Announcement } from './announcements.js';
import type { Catalogue } from './catalogue.js';
import type { ErrorListener } from './connection.js';
import { PatientWorker } from './patient-worker.js';

const LOCK_MS = 10_000;
const STALLED_CHECK_MS = 5_000;
/** A courier that dies while it tells is no reason not to tell. */
const STALLS_ALLOWED = 1_000;
const SLOTS = 8;

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

  constructor(redis: Redis, catalogue: Catalogue, { model, keptSeconds, tell, onError }: AnnouncementIntakeOptions) {
    const process = (job: Job): Promise<void> => tell(job.data as Announcement);
    this.#worker = new PatientWorker(catalogue.announcementQueue(model), process, {
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
}
