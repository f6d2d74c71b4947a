/**
 * Names that rules use and no process exports yet. A name leaves this list with the change that exports it; the test
 * beside it fails when one stays.
 */
export const PENDING_METRICS: readonly string[] = [];
