/**
 * Reads the first part of what an answer streams before the answer gets a status, so that a failure there becomes an error
 * answer and not an answer that is cut off.
 * @throws what the first part fails with
 */
export async function withFirstPartRead<T>(
  parts: AsyncGenerator<T, void, undefined>,
): Promise<AsyncGenerator<T, void, undefined>> {
  return whole(await parts.next(), parts);
}

async function* whole<T>(
  first: IteratorResult<T, void>,
  rest: AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  if (first.done === true) return;
  yield first.value;
  yield* rest;
}
