/** What is wrong with one field of what was sent. */
export interface FieldProblem {
  /** JSON pointer (RFC 6901) into the body, the row or the input that was checked; empty for all of it. */
  readonly pointer: string;
  /** Stable, for programs. */
  readonly code: string;
  /** The rule in words, with its unit. */
  readonly detail: string;
}
