import { problem, ProblemError } from '#contract/problem';
import type { FieldProblem } from '#domain/field-problem';

const MOST_NAMED = 100;

/** Why a batch is refused as a whole: the first rows that are not valid, by their numbers. */
export class InvalidRows {
  readonly #first: FieldProblem[] = [];
  #count = 0;

  /** Rows that are not valid. */
  get count(): number {
    return this.#count;
  }

  add(index: number, problems: readonly FieldProblem[]): void {
    this.#count += 1;
    for (const { pointer, code, detail } of problems) {
      if (this.#first.length === MOST_NAMED) return;
      this.#first.push({ pointer: `/${index}${pointer}`, code, detail });
    }
  }

  toProblem(rows: number): ProblemError {
    const detail =
      `${this.#count} of ${rows} rows are not valid; none was queued. ` +
      `\`errors\` names the first by row number, from 0, and field.`;
    return new ProblemError(problem(422, 'invalid_rows', detail, this.#first));
  }
}
