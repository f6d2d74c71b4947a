/** As much of an OpenAPI 3.1 document as is a promise: the words in it are none. */

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly [keyword: string]: unknown;
}

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema?: Schema;
}

/** By content type. */
export type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

export interface RequestBody {
  readonly required?: boolean;
  readonly content: Content;
}

export interface Response {
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Content;
}

/** An empty list asks for nothing. */
export type Security = readonly Readonly<Record<string, readonly string[]>>[];

export interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: RequestBody;
  /** By status. */
  readonly responses: Readonly<Record<string, Response>>;
  readonly security?: Security;
}

export interface OpenApiDocument {
  readonly openapi: string;
  /** Of operations that say nothing themselves. */
  readonly security?: Security;
  /** By path, then by method. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const COMPONENTS = '#/components/schemas/';

/** @returns the name that a reference names */
export function componentOf(reference: string): string {
  if (!reference.startsWith(COMPONENTS)) throw new Error(`${reference} is no reference to a component.`);
  return reference.slice(COMPONENTS.length);
}

/** Follows references; what stands beside one holds as well. */
export function resolved(document: OpenApiDocument, schema: Schema): Schema {
  const { $ref, ...beside } = schema;
  if ($ref === undefined) return schema;
  const target = document.components.schemas[componentOf($ref)];
  if (target === undefined) throw new Error(`${$ref} names nothing.`);
  return { ...resolved(document, target), ...beside };
}
