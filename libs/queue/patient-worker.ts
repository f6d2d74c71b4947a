/**
 * A BullMQ worker with habits of its own.
 *
 * It starts what it has. BullMQ fills its slots first: with a lone job it asks Redis for a second one, and starts the first
 * when it has heard that there is none. That is a round trip on the way of every caller who waits.
 *
 * It does not ask for a second one at once either, where it had nothing to do before: most jobs end within milliseconds,
 * and the command that ends a job asks for the next. Only while a job takes longer, others may be waiting for a slot.
 *
 * It waits a moment where Redis refuses to hand a job out. BullMQ pauses only where the connection is what failed: with a
 * Redis that is full and a job that waits it asks again at once, thousands of times a second.
 */
import { type Job, type Processor, Worker, type WorkerOptions } from 'bullmq';

/** Between two tries. */
const PAUSE_MS = 500;
/** A job that ends sooner asks for the next by its end. */
const MOMENT_MS = 2;

/** BullMQ's types say that there always is a job; it means none by `undefined`, and takes it so. */
type Next = Promise<Job>;

export class PatientWorker extends Worker {
  /** A job came in this turn of the event loop, and does not run yet. */
  #hasOneToStart = false;
  /** Redis had nothing when it was asked last. */
  #isIdle = false;
  /** A job came to the idle worker, and none has ended since. */
  #mayEndSoon = false;
  #onEnd: () => void = () => undefined;

  /** @param momentMs a job that takes longer does not keep others from free slots */
  constructor(
    name: string,
    processor: Processor,
    options: WorkerOptions,
    private readonly momentMs = MOMENT_MS,
  ) {
    super(name, processor, options);
    this.on('drained', () => (this.#isIdle = true));
    for (const end of ['completed', 'failed'] as const) {
      this.on(end, () => {
        this.#mayEndSoon = false;
        this.#onEnd();
      });
    }
  }

  protected override moveToActive(token: string, name?: string): Next {
    if (!this.#hasOneToStart) return this.#ask(token, name) as Next;
    this.#hasOneToStart = false;
    return Promise.resolve(undefined) as unknown as Next;
  }

  async #ask(token: string, name?: string): Promise<Job | undefined> {
    // Its end has asked.
    if (this.#mayEndSoon && (await this.#endsWithinAMoment())) return undefined;
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
    this.#mayEndSoon = this.#isIdle;
    this.#isIdle = false;
    this.#hasOneToStart = true;
    setImmediate(() => {
      this.#hasOneToStart = false;
    });
  }

  #endsWithinAMoment(): Promise<boolean> {
    this.#mayEndSoon = false;
    return new Promise((resolve) => {
      const moment = setTimeout(() => resolve(false), this.momentMs);
      this.#onEnd = () => {
        clearTimeout(moment);
        resolve(true);
      };
    });
  }
}
