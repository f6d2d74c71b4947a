/**
 * The part of `/openapi.json` that Millrace promises to keep: predictions, batches, webhooks, keys, operations, health,
 * problems, and the faces for clients of other systems, without the words, so that they can be put better.
 *
 * Left out is the catalogue, and what a model takes and answers: that is promised by its manifest, and which models there
 * are is a fleet's own affair.
 */
import {
  componentOf,
  type Content,
  type OpenApiDocument,
  type Operation,
  type Parameter,
  type Response,
  type Schema,
} from './openapi-document.js';
import { WORDS } from './schema-changes.js';

const PROMISED = [
  /^\/v1\/(predictions|batches|deliveries|events|webhooks|keys|operations|fleet)(\/|$)/,
  /^\/v1\/models\/\{owner\}\/\{name\}\/predictions$/,
  /^\/(health|ready)$/,
  /^\/(v2|openai\/v1)(\/|$)/,
];

export function promised(document: OpenApiDocument): OpenApiDocument {
  const { openapi, security, components } = document;
  const paths = Object.fromEntries(
    Object.entries(document.paths)
      .filter(([path]) => PROMISED.some((pattern) => pattern.test(path)))
      .map(([path, operations]) => [path, mapValues(operations, promisedOperation)]),
  );
  const schemas = mapValues(components.schemas, promisedSchema);
  const named = namesWithin(paths, schemas);
  return {
    openapi,
    ...(security === undefined ? {} : { security }),
    paths,
    components: { schemas: Object.fromEntries(Object.entries(schemas).filter(([name]) => named.has(name))) },
  };
}

function promisedOperation({ security, parameters = [], requestBody, responses }: Operation): Operation {
  const body = requestBody && {
    required: requestBody.required ?? false,
    content: promisedContent(requestBody.content),
  };
  return {
    ...(security === undefined ? {} : { security }),
    parameters: parameters.map(promisedParameter),
    ...(body === undefined ? {} : { requestBody: body }),
    responses: mapValues(responses, promisedResponse),
  };
}

function promisedParameter({ name, in: where, required = false, schema = {} }: Parameter): Parameter {
  return { name, in: where, required, schema: promisedSchema(schema) };
}

function promisedResponse({ headers, content }: Response): Response {
  return {
    ...(headers === undefined ? {} : { headers: mapValues(headers, () => ({})) }),
    ...(content === undefined ? {} : { content: promisedContent(content) }),
  };
}

function promisedContent(content: Content): Content {
  return mapValues(content, ({ schema = {} }) => ({ schema: promisedSchema(schema) }));
}

function promisedSchema(schema: Schema): Schema {
  const kept = Object.entries(schema).filter(
    ([keyword]) => !WORDS.includes(keyword) && !isChoiceOfModels(schema, keyword),
  );
  return Object.fromEntries(kept.map(([keyword, value]) => [keyword, promisedPart(keyword, value)]));
}

/** A field may be called as a keyword is: `title` and `type` of a problem are fields. */
function promisedPart(keyword: string, value: unknown): unknown {
  if (keyword === 'properties') return mapValues(value as Readonly<Record<string, Schema>>, promisedSchema);
  const isSchema = ['items', 'additionalProperties'].includes(keyword) && typeof value === 'object';
  return isSchema ? promisedSchema(value as Schema) : value;
}

/** `input` is shown as one of the inputs of the models that this fleet has. */
function isChoiceOfModels({ anyOf }: Schema, keyword: string): boolean {
  if (keyword !== 'anyOf' || !Array.isArray(anyOf)) return false;
  return anyOf.every((one: Schema) => one.$ref?.endsWith('Input') === true);
}

/** Components that the paths name, and those that these name. */
function namesWithin(
  value: unknown,
  schemas: Readonly<Record<string, Schema>>,
  found = new Set<string>(),
): Set<string> {
  if (typeof value !== 'object' || value === null) return found;
  for (const [key, inner] of Object.entries(value)) {
    if (key !== '$ref' || typeof inner !== 'string') namesWithin(inner, schemas, found);
    else if (!found.has(componentOf(inner))) {
      found.add(componentOf(inner));
      namesWithin(schemas[componentOf(inner)], schemas, found);
    }
  }
  return found;
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, change: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
