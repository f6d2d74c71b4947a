import type { Mark } from '#domain/mark';
import type { MarkNotice } from '#queue/marks';

/** One job in this worker's hands: the marks it has, and how to interrupt it. */
export class HeldJob {
  readonly #marked: Set<number>;
  #interrupt: () => void = () => undefined;
  /** Resolves when this worker has to let go of the job. */
  readonly interrupted = new Promise<void>((resolve) => {
    this.#interrupt = resolve;
  });

  constructor(marks: ReadonlyMap<number, Mark>) {
    this.#marked = new Set(marks.keys());
  }

  isMarked(row: number): boolean {
    return this.#marked.has(row);
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

  take(jobId: string, marks: ReadonlyMap<number, Mark>): HeldJob {
    const held = new HeldJob(marks);
    this.#jobs.set(jobId, held);
    return held;
  }

  /** A job that was lost and taken again is held by its newest hold. */
  settle(jobId: string, held: HeldJob): void {
    if (this.#jobs.get(jobId) === held) this.#jobs.delete(jobId);
  }

  mark({ jobId, row }: MarkNotice): void {
    this.#jobs.get(jobId)?.mark(row);
  }

  /** The deadline of a shutdown: everything unfinished goes back to the queue. */
  letGoOfAll(): void {
    for (const job of this.#jobs.values()) job.letGo();
  }
}
