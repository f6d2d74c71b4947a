import { LONGEST_ROW, parseRow, type RawRow, type RowReader, type RowShape, TOO_LONG, Utf8 } from './row.js';

/** One JSON object per line; blank lines are not counted. A line that is not JSON is an error of its row alone. */
export class NdjsonReader implements RowReader {
  readonly #utf8 = new Utf8();
  /** The line that has no end yet. */
  #rest = '';
  /** That line has become too long to keep. */
  #skipping = false;

  constructor(private readonly shape: RowShape) {}

  push(chunk: Uint8Array): RawRow[] {
    return this.#read(this.#utf8.decode(chunk));
  }

  end(): RawRow[] {
    return this.#read(`${this.#utf8.decode()}\n`);
  }

  #read(text: string): RawRow[] {
    const rows: RawRow[] = [];
    let from = 0;
    for (let to = text.indexOf('\n'); to !== -1; to = text.indexOf('\n', from)) {
      const line = this.#rest === '' ? text.slice(from, to) : this.#rest + text.slice(from, to);
      from = to + 1;
      this.#rest = '';
      if (this.#skipping) {
        this.#skipping = false;
        rows.push(TOO_LONG);
      } else if (line.length > LONGEST_ROW) rows.push(TOO_LONG);
      else if (!isBlank(line)) rows.push(parseRow(line, this.shape));
    }
    if (!this.#skipping) this.#rest += text.slice(from);
    if (this.#rest.length > LONGEST_ROW) {
      this.#rest = '';
      this.#skipping = true;
    }
    return rows;
  }
}

function isBlank(line: string): boolean {
  // Nearly every line begins with a brace.
  return !line.startsWith('{') && line.trim() === '';
}
