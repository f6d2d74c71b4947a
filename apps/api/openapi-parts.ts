/** Pieces that operations of `/openapi.json` are made of. */

/** What the door says, before any route does. */
const AT_THE_DOOR = {
  401: 'No valid API key.',
  403: 'The key lacks the scope of this route.',
};

/** @param own answers of the operation by status, besides those that every operation has */
export function problems(own: Readonly<Record<number, string>>): Record<string, object> {
  const byStatus = { ...AT_THE_DOOR, ...own };
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, description]) => [status, { description, content }]),
  );
}

export function header(name: string, description: string, example?: string): object {
  return {
    name,
    in: 'header',
    required: false,
    schema: { type: 'string' },
    description,
    ...(example ? { example } : {}),
  };
}

export function pathParameter(name: string, example?: string): object {
  return { name, in: 'path', required: true, schema: { type: 'string' }, ...(example ? { example } : {}) };
}
