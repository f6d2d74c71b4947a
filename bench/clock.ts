/** One clock for all processes of a run. */

/** Milliseconds since the epoch with their fractions, comparable between processes of one machine. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
