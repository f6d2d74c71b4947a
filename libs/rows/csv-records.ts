/**
 * Text into records of cells (RFC 4180), whatever the pieces in which it comes.
 *
 * A line ends with `\n`, `\r\n` or `\r`, and every line as it likes. A quote quotes at the start of a cell alone; elsewhere
 * it is a character like others (`5" pipe`), as most readers take it. What stands behind a closing quote breaks its own
 * record and no other.
 */
import { BodyError, LONGEST_ROW } from './row.js';

export interface CsvRecord {
  /** None for a blank line. */
  readonly cells: readonly string[];
  /** The first cell that goes on behind its closing quote, or -1. */
  readonly brokenAt: number;
}

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;

export class CsvRecords {
  /** Where in its cell it is; `closed` is right behind a quote that may be half of a doubled one. */
  #state: 'start' | 'plain' | 'quoted' | 'closed' | 'behind' = 'start';
  #cell = '';
  #cells: string[] = [];
  #brokenAt = -1;
  #isBlank = false;
  /** Characters of the record in the pieces before this one. */
  #length = 0;
  #isBehindReturn = false;

  /** @throws BodyError for a record that is too long */
  push(text: string): CsvRecord[] {
    const records: CsvRecord[] = [];
    let begin = this.#startOf(text, 0);
    for (let at = begin; at < text.length;) {
      const stop = this.#readCell(text, at);
      if (stop === text.length) break;
      this.#endCell();
      at = stop + 1;
      const code = text.charCodeAt(stop);
      if (code === COMMA) continue;
      requireLength(this.#length + stop - begin);
      records.push(this.#endRecord());
      this.#isBehindReturn = code === CARRIAGE_RETURN;
      begin = at = this.#startOf(text, at);
    }
    this.#length += text.length - begin;
    requireLength(this.#length);
    return records;
  }

  /** @returns the last record, where no line end closed it */
  end(): CsvRecord[] {
    if (this.#state === 'quoted') throw new BodyError('invalid_body', 'A quoted cell is not closed.');
    if (this.#state === 'start' && this.#cells.length === 0) return [];
    this.#endCell();
    return [this.#endRecord()];
  }

  /** The second half of `\r\n` begins no line. */
  #startOf(text: string, at: number): number {
    if (!this.#isBehindReturn || at === text.length) return at;
    this.#isBehindReturn = false;
    return text.charCodeAt(at) === LINE_FEED ? at + 1 : at;
  }

  /** @returns where what ends the cell stands, or the end of the text */
  #readCell(text: string, from: number): number {
    for (let at = from; at < text.length;) {
      const code = text.charCodeAt(at);
      switch (this.#state) {
        case 'start':
          this.#state = code === QUOTE ? 'quoted' : 'plain';
          if (code === QUOTE) at += 1;
          break;
        case 'plain': {
          const end = endOfPlain(text, at);
          this.#cell += text.slice(at, end);
          return end;
        }
        case 'quoted': {
          const quote = text.indexOf('"', at);
          const end = quote === -1 ? text.length : quote;
          this.#cell += text.slice(at, end);
          if (quote !== -1) this.#state = 'closed';
          at = end + 1;
          break;
        }
        case 'closed':
        case 'behind':
          if (endsCell(code)) return at;
          this.#readBehind(code);
          at += 1;
      }
    }
    return text.length;
  }

  /** Blanks between a closing quote and the end of the cell are harmless. */
  #readBehind(code: number): void {
    if (code === QUOTE && this.#state === 'closed') {
      this.#cell += '"';
      this.#state = 'quoted';
      return;
    }
    this.#state = 'behind';
    if (code !== SPACE && code !== TAB && this.#brokenAt === -1) this.#brokenAt = this.#cells.length;
  }

  #endCell(): void {
    // With quotes around nothing it would be no blank line.
    this.#isBlank = this.#cells.length === 0 && this.#cell === '' && this.#state === 'plain';
    this.#cells.push(this.#cell);
    this.#cell = '';
    this.#state = 'start';
  }

  #endRecord(): CsvRecord {
    const record = { cells: this.#isBlank ? [] : this.#cells, brokenAt: this.#brokenAt };
    this.#cells = [];
    this.#brokenAt = -1;
    this.#length = 0;
    return record;
  }
}

function endOfPlain(text: string, from: number): number {
  let at = from;
  while (at < text.length && !endsCell(text.charCodeAt(at))) at += 1;
  return at;
}

function endsCell(code: number): boolean {
  return code === COMMA || code === LINE_FEED || code === CARRIAGE_RETURN;
}

function requireLength(length: number): void {
  if (length <= LONGEST_ROW) return;
  throw new BodyError('invalid_body', `A row is longer than ${LONGEST_ROW} characters, or a quote is not closed.`);
}
