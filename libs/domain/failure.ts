/** Why a prediction failed: a stable code for programs and one sentence for people. */
export interface Failure {
  readonly code: FailureCode;
  readonly message: string;
}

export type FailureCode =
  /** The model's run itself reported an error. */
  | 'model_error'
  /** The model answered NaN, infinity, or a shape its manifest does not promise. */
  | 'invalid_output'
  /** Two fresh executor processes died while this prediction ran alone. */
  | 'crashed'
  /** It ran longer than its version's `timeout_ms`. */
  | 'timeout'
  /** Running it alone cost three workers their lives. */
  | 'worker_lost'
  /** Every try lacked something that it needs to run: executors did not start or were killed, or memory was short. */
  | 'executor_unavailable'
  /** A row of a batch broke a rule of its model, and never ran. */
  | 'invalid_input'
  /** The outcome of a failed job could not be read. */
  | 'internal';

/** Whom to ask: the client about its input, the model's owner about the model, us about the rest. */
export type FailureCategory = 'input' | 'model' | 'fleet' | 'internal';

const CATEGORIES: Readonly<Record<FailureCode, FailureCategory>> = {
  model_error: 'model',
  invalid_output: 'model',
  crashed: 'model',
  timeout: 'model',
  worker_lost: 'fleet',
  executor_unavailable: 'fleet',
  invalid_input: 'input',
  internal: 'internal',
};

export const FAILURE_CODES = Object.keys(CATEGORIES) as readonly FailureCode[];

export function categoryOf({ code }: Failure): FailureCategory {
  return CATEGORIES[code];
}

/** One line that a person reads on a job board and that `parseFailure` reads back. */
export function formatFailure(failure: Failure): string {
  return `${failure.code}: ${failure.message}`;
}

/** The inverse of `formatFailure`; a foreign text becomes `internal` without repeating what it says. */
export function parseFailure(text: string): Failure {
  const colon = text.indexOf(': ');
  const code = text.slice(0, Math.max(colon, 0));
  if (Object.hasOwn(CATEGORIES, code)) return { code: code as FailureCode, message: text.slice(colon + 2) };
  return { code: 'internal', message: 'The prediction failed for a reason inside the service.' };
}
