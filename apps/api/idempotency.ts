/** What makes a repeat the same request, and what is answered to one that cannot be served (IETF draft). */
import { problem, ProblemError } from '#contract/problem';

/** The header `Idempotency-Key`, or the id that a client gives to its prediction. */
export interface RepeatKey {
  readonly kind: 'idempotency_key' | 'own_id';
  readonly text: string;
}

const NAMES: Readonly<Record<RepeatKey['kind'], string>> = { idempotency_key: 'Idempotency-Key', own_id: 'id' };
const SPANS: Readonly<Record<RepeatKey['kind'], string>> = {
  idempotency_key: 'a key stands for one request, for 24 hours',
  own_id: 'an id stands for one request, for as long as its result is kept and at least 24 hours',
};

export function keyReused(kind: RepeatKey['kind'] = 'idempotency_key'): ProblemError {
  const detail = `The ${NAMES[kind]} was used with another body; ${SPANS[kind]}.`;
  const code = kind === 'own_id' ? 'id_reused' : 'idempotency_key_reused';
  return new ProblemError(problem(422, code, detail, [{ pointer: '', code, detail }]));
}

export function keyHeld(kind: RepeatKey['kind'] = 'idempotency_key'): ProblemError {
  const detail = `A request with this ${NAMES[kind]} is being handled right now.`;
  const code = kind === 'own_id' ? 'id_in_use' : 'idempotency_key_in_use';
  return new ProblemError(problem(409, code, detail), { 'retry-after': '1' });
}
