/**
 * A BullMQ worker that waits a moment where Redis refuses to hand a job out. BullMQ pauses only where the connection is
 * what failed: with a Redis that is full and a job that waits it asks again at once, thousands of times a second.
 */
import { type Job, Worker } from 'bullmq';

/** Between two tries. */
const PAUSE_MS = 500;

export class PatientWorker extends Worker {
  protected override async moveToActive(token: string, name?: string): Promise<Job> {
    try {
      return await super.moveToActive(token, name);
    } catch (error) {
      if (!this.closing) await this.delay(PAUSE_MS);
      throw error;
    }
  }
}
