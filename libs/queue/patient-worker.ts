/**
 * A BullMQ worker with two habits of its own.
 *
 * It starts what it has. BullMQ fills its slots first: with a lone job it asks Redis for a second one, and starts the first
 * when it has heard that there is none. That is a round trip on the way of every caller who waits; here the second
 * question is asked while the first job runs.
 *
 * It waits a moment where Redis refuses to hand a job out. BullMQ pauses only where the connection is what failed: with a
 * Redis that is full and a job that waits it asks again at once, thousands of times a second.
 */
import { type Job, Worker } from 'bullmq';

/** Between two tries. */
const PAUSE_MS = 500;

/** BullMQ's types say that there always is a job; it means none by `undefined`, and takes it so. */
type Next = Promise<Job>;

export class PatientWorker extends Worker {
  /** A job came in this turn of the event loop, and does not run yet. */
  #hasOneToStart = false;

  protected override moveToActive(token: string, name?: string): Next {
    if (!this.#hasOneToStart) return this.#ask(token, name) as Next;
    this.#hasOneToStart = false;
    return Promise.resolve(undefined) as unknown as Next;
  }

  async #ask(token: string, name?: string): Promise<Job | undefined> {
    try {
      const job = (await super.moveToActive(token, name)) as Job | undefined;
      if (job !== undefined) this.#startFirst();
      return job;
    } catch (error) {
      if (!this.closing) await this.delay(PAUSE_MS);
      throw error;
    }
  }

  /**
   * No longer than this turn: BullMQ asks for the next one before it ends. A later question may follow a marker that Redis
   * has handed out once, and must reach Redis.
   */
  #startFirst(): void {
    this.#hasOneToStart = true;
    setImmediate(() => {
      this.#hasOneToStart = false;
    });
  }
}
