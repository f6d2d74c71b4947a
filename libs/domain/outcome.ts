import type { Failure } from './failure.js';
import type { Mark } from './mark.js';
import type { Output } from './model-version.js';

/** What one attempt cost; times are milliseconds. */
export interface RunFacts {
  /** When the micro-batch's `run()` began, milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** How long the micro-batch ran: building tensors, the graph, reading the answers. */
  readonly predictMs: number;
  /** How many predictions ran together. */
  readonly batchSize: number;
}

/**
 * How a prediction left its envelope.
 *
 * `moved` is not an end: the prediction runs again, alone, in its retry job, whose outcome is then the truth. `dropped`
 * left without running, because a mark was set before; the mark is the answer, of the row or, where it is named here, of
 * its whole batch.
 *
 * @typeParam Out what an output is: an object, or its JSON where nobody reads it
 */
export type Outcome<Out = Output> =
  | { readonly kind: 'succeeded'; readonly output: Out; readonly run: RunFacts }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly run: RunFacts | null }
  | { readonly kind: 'moved'; readonly run: RunFacts | null }
  | { readonly kind: 'dropped'; readonly mark?: Mark };

/** The same on its way from the executor to Redis: an output is passed on as the JSON that the executor wrote. */
export type NewOutcome = NewSuccess | Exclude<Outcome, { readonly kind: 'succeeded' }>;

export interface NewSuccess {
  readonly kind: 'succeeded';
  readonly outputJson: string;
  readonly run: RunFacts;
}
