/** A message as it is kept until it is delivered: frozen, and thin where the whole would be large. */

/** What Standard Webhooks calls large; above it a receiver reads the rest where `urls.get` says. */
const MOST_BYTES = 20_000;
/** What makes a resource large, the least missed first. */
const HEAVY = ['input', 'output'] as const;

/** @returns the resource as JSON of at most 20 KB; what was left out is null and named in `omitted` */
export function freeze(resource: Readonly<Record<string, unknown>>): string {
  let body = JSON.stringify(resource);
  const omitted: string[] = [];
  for (const field of HEAVY) {
    if (Buffer.byteLength(body) <= MOST_BYTES) break;
    omitted.push(field);
    body = JSON.stringify({ ...resource, ...Object.fromEntries(omitted.map((name) => [name, null])), omitted });
  }
  return body;
}
