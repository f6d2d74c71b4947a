import { BodyError, LONGEST_ROW, parseRow, type RawRow, type RowReader, type RowShape, TOO_LONG, Utf8 } from './row.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
/** JSON's white space is all at or below the space. */
const SPACE = 0x20;

/**
 * The elements of one JSON array. Only their borders are looked for, by depth and quotes; each element is then parsed by
 * itself, so that one that is no JSON is an error of its row alone.
 */
export class JsonArrayReader implements RowReader {
  readonly #utf8 = new Utf8();
  #state: 'before' | 'element' | 'after' = 'before';
  /** Text of the element that has no end yet. */
  #rest = '';
  #skipping = false;
  #depth = 0;
  #inText = false;
  #escaped = false;
  #rows = 0;

  constructor(private readonly shape: RowShape) {}

  push(chunk: Uint8Array): RawRow[] {
    return this.#read(this.#utf8.decode(chunk));
  }

  end(): RawRow[] {
    const rows = this.#read(this.#utf8.decode());
    if (this.#state === 'before') throw new BodyError('invalid_body', 'The body is not a JSON array.');
    if (this.#state !== 'after') throw new BodyError('invalid_body', 'The body ends in the middle of the JSON array.');
    return rows;
  }

  #read(text: string): RawRow[] {
    const rows: RawRow[] = [];
    let at = this.#state === 'before' ? this.#open(text) : 0;
    let from = at;
    for (; at < text.length && this.#state === 'element'; at += 1) {
      const end = this.#step(text.charCodeAt(at));
      if (end === null) continue;
      this.#push(rows, text.slice(from, at), end);
      from = at + 1;
    }
    if (this.#state === 'element') this.#keep(text.slice(from));
    if (this.#state === 'after') requireNothing(text.slice(at));
    return rows;
  }

  /** @returns where the first element begins */
  #open(text: string): number {
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code <= SPACE) continue;
      if (code !== OPEN_ARRAY) throw new BodyError('invalid_body', 'The body is not a JSON array.');
      this.#state = 'element';
      return at + 1;
    }
    return text.length;
  }

  /** @returns what ends the element here, or null */
  #step(code: number): 'comma' | 'array' | null {
    if (this.#inText) {
      if (this.#escaped) this.#escaped = false;
      else if (code === BACKSLASH) this.#escaped = true;
      else if (code === QUOTE) this.#inText = false;
      return null;
    }
    switch (code) {
      case QUOTE:
        this.#inText = true;
        return null;
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        this.#depth += 1;
        return null;
      case CLOSE_OBJECT:
        this.#depth -= 1;
        if (this.#depth < 0) throw new BodyError('invalid_body', `The JSON array is broken after row ${this.#rows}.`);
        return null;
      case CLOSE_ARRAY:
        if (this.#depth === 0) return 'array';
        this.#depth -= 1;
        return null;
      case COMMA:
        return this.#depth === 0 ? 'comma' : null;
      default:
        return null;
    }
  }

  #push(rows: RawRow[], tail: string, end: 'comma' | 'array'): void {
    const element = this.#rest + tail;
    this.#rest = '';
    if (end === 'array') this.#state = 'after';
    const skipped = this.#skipping;
    this.#skipping = false;
    const isEmpty = !skipped && element.trim() === '';
    // `[]` has no element; a comma with nothing before it, or nothing behind it, is a row that is missing.
    if (isEmpty && end === 'array' && this.#rows === 0) return;
    this.#rows += 1;
    if (skipped || element.length > LONGEST_ROW) rows.push(TOO_LONG);
    else rows.push(parseRow(element, this.shape));
  }

  #keep(tail: string): void {
    if (!this.#skipping) this.#rest += tail;
    if (this.#rest.length <= LONGEST_ROW) return;
    this.#rest = '';
    this.#skipping = true;
  }
}

function requireNothing(text: string): void {
  if (text.trim() === '') return;
  throw new BodyError('invalid_body', 'There is something after the end of the JSON array.');
}
