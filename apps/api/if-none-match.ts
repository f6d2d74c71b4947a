/** `If-None-Match` (RFC 9110, 13.1.2). */
const OPAQUE_TAG = /"[^"]*"/g;

/**
 * Whether the caller has this state already: with `*` any, else one of those that it lists. Tags are compared weakly, so
 * that one is the same with and without `W/`.
 * @param tag of the state as it is now
 */
export function hasAlready(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  const listed: readonly string[] = header.match(OPAQUE_TAG) ?? [];
  return listed.includes(tag.replace('W/', ''));
}
