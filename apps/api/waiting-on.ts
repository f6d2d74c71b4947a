/** What whoever waits on a prediction has to know of it, whichever way the answer goes. */
import { isTerminal } from '#domain/prediction';
import type { PredictionAddress } from '#domain/prediction-id';
import { retryJobId } from '#queue/catalogue';
import type { Found } from '#queue/envelope-reader';

/** Nothing will change any more: it has ended, or its record is gone. */
export function isOver(found: Found): boolean {
  return typeof found === 'string' || isTerminal(found.standing.status);
}

/** Milliseconds to its deadline, at least 1. Nobody tells of it where no worker lives: it is looked at when it comes. */
export function untilDeadline(found: Found): number {
  if (typeof found === 'string' || found.submission.deadlineAtMs === null) return Infinity;
  return Math.max(1, found.submission.deadlineAtMs - Date.now());
}

/** The jobs whose ends may be its own. */
export function jobsOf({ envelopeId, row }: PredictionAddress): readonly string[] {
  return [envelopeId, retryJobId(envelopeId, row)];
}
