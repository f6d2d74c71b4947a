/**
 * What an answer streams, begun: its first part has been read before the answer has a status, so that what hinders it then is
 * told as an error and not as an answer that is cut.
 * @throws what the first part fails with
 */
export async function begun<T>(parts: AsyncGenerator<T, void, undefined>): Promise<AsyncGenerator<T, void, undefined>> {
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
