/** Changes to a document, as somebody would make them: each gives a new document and leaves the old one. */
import type { OpenApiDocument } from './openapi-document.js';

export type Keys = readonly string[];

/** @param change of the value at `keys`; undefined takes it away */
export function edited(document: OpenApiDocument, keys: Keys, change: (value: unknown) => unknown): OpenApiDocument {
  return editedPart(document, keys, change) as OpenApiDocument;
}

/** Takes away what stands at `keys`, and from the names that are required. */
export function withoutField(document: OpenApiDocument, keys: Keys): OpenApiDocument {
  const name = keys.at(-1);
  const required = [...keys.slice(0, -2), 'required'];
  const fewer = edited(document, keys, () => undefined);
  return edited(fewer, required, (names) => (names as Keys | undefined)?.filter((one) => one !== name));
}

function editedPart(part: unknown, [key, ...rest]: Keys, change: (value: unknown) => unknown): unknown {
  if (key === undefined) return change(part);
  if (Array.isArray(part)) {
    return part.map((item: unknown, index) => (String(index) === key ? editedPart(item, rest, change) : item));
  }
  const record = part as Readonly<Record<string, unknown>>;
  const { [key]: old, ...others } = record;
  const value = editedPart(old ?? (rest.length > 0 ? {} : undefined), rest, change);
  return value === undefined ? others : { ...others, [key]: value };
}
