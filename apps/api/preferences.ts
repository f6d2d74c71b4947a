/** Request headers that change how a prediction is taken: `Prefer` (RFC 7240) and `Idempotency-Key` (IETF draft). */
import { problem, ProblemError } from '#contract/problem';

/** Longest and default wait of a caller, seconds. */
export const LONGEST_WAIT_S = 60;

/** @returns seconds to wait, or null where the caller does not; other preferences are hints and are ignored */
export function waitSecondsOf(prefer: string | string[] | undefined): number | null {
  if (prefer === undefined) return null;
  const text = Array.isArray(prefer) ? prefer.join(',') : prefer;
  const match = /(?:^|[,;])\s*wait\s*(?:=\s*"?(\d{1,9})"?)?\s*(?=[,;]|$)/i.exec(text);
  if (match === null) return null;
  return Math.min(LONGEST_WAIT_S, match[1] === undefined ? LONGEST_WAIT_S : Number(match[1]));
}

/** @throws ProblemError 400 for a `?wait=` that is no number of seconds */
export function waitSecondsOfQuery(wait: unknown): number | null {
  if (wait === undefined) return null;
  if (typeof wait !== 'string' || !/^\d{1,9}(\.\d+)?$/.test(wait)) {
    throw new ProblemError(problem(400, 'invalid_query', 'wait must be a number of seconds, e.g. ?wait=10.'));
  }
  return Math.min(LONGEST_WAIT_S, Number(wait));
}

const KEY = /^[\x21-\x7e]{1,255}$/;

/** @returns the key without the quotes of a structured-field string, or null where there is none */
export function idempotencyKeyOf(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  const text = Array.isArray(header) ? header.join(',') : header.trim();
  const key = text.startsWith('"') && text.endsWith('"') && text.length >= 2 ? text.slice(1, -1) : text;
  if (!KEY.test(key)) {
    const detail = 'The Idempotency-Key must be 1 to 255 visible ASCII characters, with or without quotes.';
    throw new ProblemError(problem(400, 'invalid_idempotency_key', detail));
  }
  return key;
}

/** A deadline is part of the contract and not built yet: a caller that relies on it must know. */
export function refuseDeadline(header: string | string[] | undefined): void {
  if (header === undefined) return;
  const code = 'not_supported';
  const detail = 'The header Cancel-After is not supported by this version of Millrace.';
  throw new ProblemError(problem(422, code, detail, [{ pointer: '', code, detail }]));
}
