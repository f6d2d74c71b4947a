/** Holds real answers against the description of them: status, content type, headers, and every field. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Answer } from './http.js';
import type { OpenApiDocument, Schema } from './openapi-document.js';

export class DescribedAnswers {
  readonly #document: OpenApiDocument;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #compiled = new Map<string, ValidateFunction>();
  readonly #seen = new Set<string>();

  constructor(document: OpenApiDocument) {
    this.#document = { ...document, components: { schemas: closed(document.components.schemas) } };
    addFormats.default(this.#ajv);
  }

  /** Answers that have been held against it, as `GET /ready 200`. */
  get seen(): ReadonlySet<string> {
    return this.#seen;
  }

  /** @returns what the description does not say of it; nothing of an answer that is as described */
  faults(
    method: string,
    route: string,
    { status, headers, text }: Pick<Answer, 'status' | 'headers' | 'text'>,
  ): string[] {
    const path = this.#pathOf(route);
    const described = this.#document.paths[path]?.[method.toLowerCase()]?.responses[status];
    if (described === undefined) return [`${method} ${route}: ${status} is not described: ${text}`];
    this.#seen.add(`${method} ${path} ${status}`);
    const type = headers.get('content-type')?.split(';')[0] ?? '';
    const missing = Object.keys(described.headers ?? {}).filter((name) => !headers.has(name));
    return [
      ...missing.map((name) => `${method} ${route} ${status}: the header ${name} is missing`),
      ...this.#bodyFaults(described.content?.[type]?.schema, type, text).map(
        (fault) => `${method} ${route} ${status} ${type}: ${fault}`,
      ),
    ];
  }

  #pathOf(route: string): string {
    const [plain = ''] = route.split('?');
    const matches = (path: string): boolean => new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`).test(plain);
    const found = Object.keys(this.#document.paths).filter(matches);
    return found.find((path) => path === plain) ?? found[0] ?? route;
  }

  #bodyFaults(schema: Schema | undefined, type: string, text: string): string[] {
    if (schema === undefined) return text === '' ? [] : ['it is not described'];
    const validate = this.#validatorOf(schema);
    return valuesIn(type, text).flatMap((value) => (validate(value) ? [] : faultsOf(validate)));
  }

  #validatorOf(schema: Schema): ValidateFunction {
    const key = JSON.stringify(schema);
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const validate = this.#ajv.compile({ ...schema, components: this.#document.components });
    this.#compiled.set(key, validate);
    return validate;
  }
}

/** A schema is open to fields that it does not name; an answer that has such a field is not described by it. */
function closed<T>(part: T): T {
  if (Array.isArray(part)) return part.map(closed) as T;
  if (typeof part !== 'object' || part === null) return part;
  const inner = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, closed(value as unknown)]));
  const isOpen = typeof inner['properties'] === 'object' && inner['additionalProperties'] === undefined;
  return (isOpen && isObjectType(inner['type']) ? { ...inner, additionalProperties: false } : inner) as T;
}

function isObjectType(type: unknown): boolean {
  return [type].flat().includes('object');
}

function valuesIn(type: string, text: string): unknown[] {
  if (type.endsWith('json') && type !== 'application/x-ndjson') return [JSON.parse(text)];
  if (type !== 'application/x-ndjson') return [text];
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as unknown);
}

function faultsOf({ errors }: ValidateFunction): string[] {
  return (errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`,
  );
}
