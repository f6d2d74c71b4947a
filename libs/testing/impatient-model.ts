/** A model whose predictions fail for good where that is wanted: the quickest way to a dead letter. */
import { copySlowModel } from './models.js';

/** Longer than its limit, also alone: it fails for good. */
export const ENDLESS = { version: 'slow', input: { size: 4_000 } };
export const BRIEF = { version: 'slow', input: { size: 2 } };

/** @returns the folder of a model whose runs end after so many milliseconds; gone after the test */
export function impatientModel(timeoutMs = 300): Promise<string> {
  return copySlowModel((manifest) => {
    manifest['timeout_ms'] = timeoutMs;
  });
}
