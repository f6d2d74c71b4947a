/**
 * JSON can name half of a character: `"\ud800"`, a surrogate without its other half. No encoding of Unicode has it, and what
 * stands behind us takes it in as many ways as there are parts (RFC 8259, 8.2): Redis's JSON refuses it, the canonical form
 * of a body does, tensors of text would hold another one. So nobody may send it, wherever JSON comes in.
 */
import { escapePointerPart } from '#domain/json-pointer';

/** The problem that reports it. */
export const MALFORMED_TEXT = {
  code: 'malformed_text',
  detail: 'must be well-formed Unicode: it has a surrogate without its other half',
} as const;

/** The only form in which a lone surrogate can arrive: bytes that are not UTF-8 have become U+FFFD before, or are refused. */
const NAMES_SURROGATE = /\\u[dD][89a-fA-F]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** False for nearly every JSON text: what it says need not be looked through. */
export function mayNameHalfCharacter(json: string): boolean {
  return NAMES_SURROGATE.test(json);
}

/** @returns a JSON pointer to the first text that has half of a character, that of the object where a name is meant */
export function findHalfCharacter(value: unknown, pointer = ''): string | null {
  if (typeof value === 'string') return LONE_SURROGATE.test(value) ? pointer : null;
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, inner] of Object.entries(value)) {
    if (LONE_SURROGATE.test(name)) return pointer;
    const found = findHalfCharacter(inner, `${pointer}/${escapePointerPart(name)}`);
    if (found !== null) return found;
  }
  return null;
}
