/**
 * Tells the courier that a prediction has begun to run, for those who want to know at once. A notice that is lost is made
 * up for when the prediction has ended: then `start` comes late, and still before `completed`.
 */
import { type Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { eventId } from '#domain/callback';
import type { Catalogue } from './catalogue.js';
import type { ErrorListener } from './connection.js';
import { PatientWorker } from './patient-worker.js';

export interface StartNotice {
  readonly model: string;
  /** The prediction's id. */
  readonly id: string;
  readonly startedAtMs: number;
}

const SLOTS = 16;

export class StartNotices {
  readonly #queue: Queue;

  constructor(
    redis: Redis,
    catalogue: Catalogue,
    private readonly onError: ErrorListener,
  ) {
    this.#queue = new Queue(catalogue.startsQueue(), {
      connection: redis,
      prefix: catalogue.courierTag(),
      skipVersionCheck: true,
      streams: { events: { maxLen: 100 } },
      defaultJobOptions: { removeOnComplete: true, removeOnFail: { age: 3_600 }, attempts: 3, stackTraceLimit: 0 },
    });
    this.#queue.on('error', onError);
  }

  tell(notice: StartNotice): void {
    this.#queue.add('start', notice, { jobId: eventId(notice.id, 'start') }).catch(this.onError);
  }
}

export class StartNoticeIntake {
  readonly #worker: PatientWorker;

  constructor(
    redis: Redis,
    catalogue: Catalogue,
    tell: (notice: StartNotice) => Promise<void>,
    onError: ErrorListener,
  ) {
    this.#worker = new PatientWorker(catalogue.startsQueue(), (job: Job) => tell(job.data as StartNotice), {
      connection: redis,
      prefix: catalogue.courierTag(),
      autorun: false,
      concurrency: SLOTS,
      skipVersionCheck: true,
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
