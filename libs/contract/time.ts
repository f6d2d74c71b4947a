/** Times on the wire: RFC 3339, UTC, to the millisecond. */

/** Under load most times lie in one second, and a calendar costs as much as the rest of an answer. */
let last = { second: Number.NaN, text: '' };

/** @param ms since the epoch; parts of a millisecond are left out */
export function toTime(ms: number): string {
  const second = Math.floor(ms / 1_000);
  if (second !== last.second) last = { second, text: new Date(second * 1_000).toISOString().slice(0, -'000Z'.length) };
  const rest = Math.floor(ms) - second * 1_000;
  return `${last.text}${String(rest).padStart(3, '0')}Z`;
}

/** As `toTime`; null stays null. */
export function toTimeOrNull(ms: number | null): string | null {
  return ms === null ? null : toTime(ms);
}
