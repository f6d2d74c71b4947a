import type { Mark } from '#domain/mark';
import type { MarkNotice } from '#queue/marks';

/** One job in this worker's hands: the marks it has, and how to interrupt it. */
export class HeldJob {
  readonly #marked: Set<number>;
  #markOfAll: Mark | null = null;
  #interrupt: () => void = () => undefined;
  /** Resolves when this worker has to let go of the job. */
  readonly interrupted = new Promise<void>((resolve) => {
    this.#interrupt = resolve;
  });

  /** @param batchId the batch that its rows belong to */
  constructor(
    marks: ReadonlyMap<number, Mark>,
    readonly batchId: string | null,
  ) {
    this.#marked = new Set(marks.keys());
  }

  /** The mark of its whole batch. */
  get markOfAll(): Mark | null {
    return this.#markOfAll;
  }

  isMarked(row: number): boolean {
    return this.#markOfAll !== null || this.#marked.has(row);
  }

  markAll(mark: Mark): void {
    this.#markOfAll = mark;
  }

  mark(row: number): void {
    this.#marked.add(row);
  }

  letGo(): void {
    this.#interrupt();
  }
}

/** The jobs that this worker holds, so that a mark or a shutdown reaches them. */
export class InHand {
  readonly #jobs = new Map<string, HeldJob>();

  get size(): number {
    return this.#jobs.size;
  }

  take(jobId: string, marks: ReadonlyMap<number, Mark>, batchId: string | null = null): HeldJob {
    const held = new HeldJob(marks, batchId);
    this.#jobs.set(jobId, held);
    return held;
  }

  /** A job that was lost and taken again belongs to the latest HeldJob. */
  settle(jobId: string, held: HeldJob): void {
    if (this.#jobs.get(jobId) === held) this.#jobs.delete(jobId);
  }

  mark(notice: MarkNotice): void {
    if (notice.kind === 'row') this.#jobs.get(notice.jobId)?.mark(notice.row);
    else for (const job of this.#jobs.values()) if (job.batchId === notice.batchId) job.markAll(notice.mark);
  }

  /** The deadline of a shutdown: everything unfinished goes back to the queue. */
  letGoOfAll(): void {
    for (const job of this.#jobs.values()) job.letGo();
  }
}
