/** An envelope on its way through the batcher: its rows leave one by one and come back as outcomes, in any order. */
import { rowCount } from '#contract/envelope';
import type { Stages } from '#contract/executor-protocol';
import { type InputText, splitInputs } from '#contract/input-text';
import type { Mark } from '#domain/mark';
import type { VersionId } from '#domain/model-version';
import type { NewOutcome } from '#domain/outcome';
import type { Lane, PendingPrediction } from '#inference/dynamic-batcher';
import type { TakenEnvelope } from '#queue/taken-envelope';
import type { HeldJob } from './in-hand.js';

/** Also what becomes of a row that runs elsewhere. */
const NOT_YET: NewOutcome = { kind: 'moved', run: null };

export class EnvelopeRun {
  readonly #outcomes: NewOutcome[];
  /** By row; rows of a batch are not looked at one by one. */
  readonly stages: (Stages | undefined)[] = [];
  #open: number;
  #finish: (outcomes: NewOutcome[]) => void = () => undefined;
  /** One outcome a row, in the order of the rows. */
  readonly ended = new Promise<NewOutcome[]>((resolve) => (this.#finish = resolve));

  /**
   * @param elsewhere rows that do not run here
   * @param onStarted a row begins to run
   */
  constructor(
    readonly taken: TakenEnvelope,
    readonly held: HeldJob,
    private readonly elsewhere: ReadonlySet<number>,
    readonly lane: Lane,
    readonly onStarted: (row: number, atMs: number) => void,
  ) {
    const rows = rowCount(taken.envelope);
    this.#outcomes = new Array<NewOutcome>(rows).fill(NOT_YET);
    this.#open = rows - elsewhere.size;
    if (this.#open === 0) this.#finish(this.#outcomes);
  }

  /** What has to run; rows of a batch that were not valid get their outcome at once. */
  pending(): PendingPrediction[] {
    const { rows, batch } = this.taken.envelope;
    const texts = batch === undefined ? null : splitInputs(batch.inputs);
    const pending: PendingPrediction[] = [];
    for (let row = 0; row < this.#outcomes.length; row += 1) {
      if (this.elsewhere.has(row)) continue;
      const text = texts === null ? JSON.stringify(rows[row]?.input) : (texts[row] ?? null);
      const deadlineAtMs = batch?.expiresAtMs ?? rows[row]?.deadlineAtMs ?? Infinity;
      if (text === null) this.settle(row, invalid(this.taken, row));
      else pending.push(new RowRun(this, row, text, deadlineAtMs));
    }
    return pending;
  }

  isOpen(row: number): boolean {
    return this.#outcomes[row] === NOT_YET && !this.elsewhere.has(row);
  }

  settle(row: number, outcome: NewOutcome, stages?: Stages): void {
    if (this.taken.envelope.batch === undefined) this.stages[row] = stages;
    // What was canceled while it ran is over, however its run ended: it needs no verdict of its own.
    const isOver = outcome.kind === 'dropped' || (outcome.kind === 'moved' && this.held.isMarked(row));
    this.#outcomes[row] = isOver ? this.#dropped() : outcome;
    this.#open -= 1;
    if (this.#open === 0) this.#finish(this.#outcomes);
  }

  /** A row of a batch has no mark of its own to be found later. */
  #dropped(): NewOutcome {
    const { batch } = this.taken.envelope;
    if (batch === undefined) return { kind: 'dropped' };
    const expired: Mark = { kind: 'aborted', atMs: batch.expiresAtMs };
    return { kind: 'dropped', mark: this.held.markOfAll ?? expired };
  }
}

/** One row in the batcher; a class and not closures, since a batch has a million of them. */
class RowRun implements PendingPrediction {
  constructor(
    private readonly run: EnvelopeRun,
    private readonly row: number,
    readonly input: InputText,
    private readonly deadlineAtMs: number,
  ) {}

  get versionId(): VersionId {
    return this.run.taken.envelope.versionId;
  }

  get lane(): Lane {
    return this.run.lane;
  }

  isDropped(): boolean {
    return this.run.held.isMarked(this.row) || Date.now() >= this.deadlineAtMs;
  }

  onStarted(atMs: number): void {
    this.run.onStarted(this.row, atMs);
  }

  settle(outcome: NewOutcome, stages?: Stages): void {
    this.run.settle(this.row, outcome, stages);
  }
}

function invalid({ envelope: { batch } }: TakenEnvelope, row: number): NewOutcome {
  const [problem] = batch?.invalid?.[row] ?? [];
  const message = problem === undefined ? 'The row was not valid.' : `${problem.pointer || '/'}: ${problem.detail}`;
  return { kind: 'failed', failure: { code: 'invalid_input', message }, run: null };
}
