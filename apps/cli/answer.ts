/** Answers of a model, for people. */

/** The heart of an output in a few words: `setosa (97.1 %)`, `206.1`. */
export function shortAnswer(output: unknown): string {
  const { label, score, value } = (output ?? {}) as Record<string, unknown>;
  if (typeof label === 'string' && typeof score === 'number') return `${label} (${(score * 100).toFixed(1)} %)`;
  if (typeof value === 'number') return String(Number(value.toPrecision(6)));
  const text = JSON.stringify(output);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

/** The whole output: for programs one line of JSON, for people the same over several. */
export function wholeAnswer(output: unknown, asJson: boolean): string {
  return asJson ? JSON.stringify(output) : JSON.stringify(output, null, 2);
}

/** A text in single quotes as a shell takes it. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
