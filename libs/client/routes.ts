/** Where things are: only routes that the API describes, and queries that it knows. */
import type { paths } from './api-types.js';

type Method = 'get' | 'post' | 'put';
type QueryOf<Operation> = Operation extends { readonly parameters: { readonly query?: infer Query } }
  ? NonNullable<Query>
  : never;

/** The query of an operation, with what is not asked for left undefined. */
export type Query<Path extends keyof paths, M extends Method> = {
  readonly [Name in keyof QueryOf<paths[Path][M]>]: QueryOf<paths[Path][M]>[Name] | undefined;
};

export function route(path: keyof paths, id = ''): string {
  return path.replace('{id}', () => encodeURIComponent(id));
}
