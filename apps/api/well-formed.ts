/**
 * JSON can name half of a character: `"\ud800"`, a surrogate without its other half. No encoding of Unicode has it, and what
 * stands behind us takes it in as many ways as there are parts (RFC 8259, 8.2): Redis's JSON refuses it, the canonical form
 * of a body does, tensors of text would hold another one. So nobody may send it.
 */
import { invalidFields } from '#contract/problem';

/** The only way in: bytes that are not UTF-8 have become U+FFFD before. */
const NAMES_SURROGATE = /\\u[dD][89a-fA-F]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * @param text of a body, whether or not it is JSON
 * @throws ProblemError 422 with the pointer of the first text that has half of a character
 */
export function requireWholeCharacters(text: string): void {
  // Nearly every body ends here.
  if (!NAMES_SURROGATE.test(text)) return;
  const pointer = findLone(parseOrNull(text), '');
  if (pointer === null) return;
  const detail = 'must be well-formed Unicode: it has a surrogate without its other half';
  throw invalidFields([{ pointer, code: 'malformed_text', detail }]);
}

/** What is no JSON is refused by who parses it. */
function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** @returns a JSON pointer, that of the object where a name is meant; null where there is none */
function findLone(value: unknown, pointer: string): string | null {
  if (typeof value === 'string') return LONE_SURROGATE.test(value) ? pointer : null;
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, inner] of Object.entries(value)) {
    if (LONE_SURROGATE.test(name)) return pointer;
    const found = findLone(inner, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
    if (found !== null) return found;
  }
  return null;
}
