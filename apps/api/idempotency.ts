/** What is answered to a repeat that cannot be served (IETF draft on the Idempotency-Key). */
import { problem, ProblemError } from '#contract/problem';

export function keyReused(): ProblemError {
  const code = 'idempotency_key_reused';
  const detail = 'The Idempotency-Key was used with another body; a key stands for one request, for 24 hours.';
  return new ProblemError(problem(422, code, detail, [{ pointer: '', code, detail }]));
}

export function keyHeld(): ProblemError {
  const detail = 'A request with this Idempotency-Key is being handled right now.';
  return new ProblemError(problem(409, 'idempotency_key_in_use', detail), { 'retry-after': '1' });
}
