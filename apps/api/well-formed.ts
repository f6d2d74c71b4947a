/** Half of a character is refused before anybody reads what has it; see `whole-text`. */
import { invalidFields } from '#contract/problem';
import { findHalfCharacter, MALFORMED_TEXT, mayNameHalfCharacter } from '#contract/whole-text';

/**
 * @param text of a body or a parameter, whether or not it is JSON
 * @param at pointer of the parameter; empty for a body
 * @throws ProblemError 422 with the pointer of the first text that has half of a character
 */
export function requireWholeCharacters(text: string, at = ''): void {
  // Nearly every body ends here.
  if (!mayNameHalfCharacter(text)) return;
  const pointer = findHalfCharacter(parseOrNull(text), at);
  if (pointer !== null) throw invalidFields([{ pointer, ...MALFORMED_TEXT }]);
}

/** Invalid JSON is refused later, by the parser. */
function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
