/** A page as OpenAI shows one: the next begins behind the last id of this one. */
export interface ListObject<T> {
  readonly object: 'list';
  readonly data: readonly T[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
}

export function listObject<T extends { readonly id: string }>(data: readonly T[], hasMore: boolean): ListObject<T> {
  const [first] = data;
  const last = data.at(-1);
  return { object: 'list', data, first_id: first?.id ?? null, last_id: last?.id ?? null, has_more: hasMore };
}
