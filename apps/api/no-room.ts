/** What a submit is told that is right in itself and cannot be taken now. */
import { MODEL_DRAINING, problem, ProblemError, tooManyRequests } from '#contract/problem';
import type { NoRoom } from '#queue/backlog';

/** @param things what was sent: `predictions`, or `rows` of a batch */
export function noRoom({ kind, retryAfterS }: NoRoom, model: string, things: 'predictions' | 'rows'): ProblemError {
  switch (kind) {
    case 'queue_full':
      return tooManyRequests(kind, `The queue of ${model} is full.`, retryAfterS);
    case 'storage_full':
      return tooManyRequests(kind, `The service has no room for new ${things}.`, retryAfterS);
    case 'draining': {
      const detail = `An operator is draining ${model}: it accepts no new ${things}. Nothing was accepted.`;
      return new ProblemError(problem(503, MODEL_DRAINING, detail), { 'retry-after': String(retryAfterS) });
    }
  }
}
