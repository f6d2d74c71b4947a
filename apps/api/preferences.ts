/** Request headers that change how a prediction is taken: `Prefer` (RFC 7240) and `Idempotency-Key` (IETF draft). */
import { problem, ProblemError } from '#contract/problem';
import { LONGEST_LIFE_MS } from '#domain/limits';
import { spanMs } from './time-span.js';

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

/** Whether the caller takes an answer before its predictions have ended; with `wait` as well, only behind that time. */
export function wantsAsync(prefer: string | string[] | undefined): boolean {
  return /(?:^|[,;])\s*respond-async\s*(?=[,;]|$)/i.test(String(prefer ?? ''));
}

/** @throws ProblemError 400 for a `?wait=` that is not a number of seconds */
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

/**
 * @returns milliseconds from acceptance to the deadline, or null where there is none
 * @throws ProblemError 422 for what is not a duration
 */
export function cancelAfterMs(header: string | string[] | undefined): number | null {
  if (header === undefined) return null;
  const [, amount, unit = 's'] = /^\s*(\d{1,9}(?:\.\d{1,3})?)\s*([smhd])?\s*$/.exec(String(header)) ?? [];
  const ms = spanMs(Number(amount), unit);
  if (ms >= 1 && ms <= LONGEST_LIFE_MS) return Math.round(ms);
  const code = 'invalid_deadline';
  const detail = 'The header Cancel-After must be a duration above 0 and up to 7 days, such as 90s, 5m or 2h.';
  throw new ProblemError(problem(422, code, detail, [{ pointer: '', code, detail }]));
}
