/** How a call fails. A signal that the caller aborts throws the caller's own reason. */
import type { Problem } from './resources.js';

/** The service answered, and it was a no. */
export class MillraceError extends Error {
  constructor(
    readonly problem: Problem,
    /** Seconds after which a repeat makes sense, where the service says so. */
    readonly retryAfter: number | null,
  ) {
    super(problem.detail ?? problem.title);
    this.name = 'MillraceError';
  }

  get status(): number {
    return this.problem.status;
  }

  /** Stable, for programs; null where something in between answered. */
  get code(): string | null {
    return this.problem.code ?? null;
  }
}

/** Nobody answered in time, or not a Millrace. Whether a submit arrived is unknown: repeat it with its Idempotency-Key. */
export class MillraceUnreachableError extends Error {
  constructor(
    readonly url: string,
    options?: ErrorOptions,
  ) {
    super(`No Millrace answers at ${url}`, options);
    this.name = 'MillraceUnreachableError';
  }
}

/** A message that did not come from where its secret is, or came too late. */
export class WebhookVerificationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WebhookVerificationError';
  }
}
