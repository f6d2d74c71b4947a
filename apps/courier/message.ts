/** A message as it is kept until it is delivered: frozen, and thin where the whole would be large. */

/** What Standard Webhooks calls large; above it a receiver reads the rest where `urls.get` says. */
const MOST_BYTES = 20_000;
/** Fields that make a resource large, the most dispensable first: the output is what the message is about. */
const HEAVY = ['input', 'metadata', 'output'] as const;
/** Leaving less than this out makes no room worth having. */
const LIGHT_BYTES = 1_000;

/** @returns the resource as JSON of at most 20 KB; what was left out is null and named in `omitted` */
export function freeze(resource: Readonly<Record<string, unknown>>): string {
  let body = JSON.stringify(resource);
  const omitted: string[] = [];
  for (const field of HEAVY) {
    if (sizeOf(body) <= MOST_BYTES) break;
    if (sizeOf(JSON.stringify(resource[field] ?? null)) < LIGHT_BYTES) continue;
    omitted.push(field);
    body = JSON.stringify({ ...resource, ...Object.fromEntries(omitted.map((name) => [name, null])), omitted });
  }
  return body;
}

function sizeOf(text: string): number {
  return Buffer.byteLength(text);
}
