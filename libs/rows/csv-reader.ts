/**
 * CSV with a header row (RFC 4180): a column a feature, in any order, and `custom_id` if the client wants it back.
 *
 * Empty cells are nulls. A feature with a shape takes a column an element (`pixels.0`, `pixels.1`, ...), or one column
 * with a JSON array. Splitting into cells is papaparse's work; here the text is only cut between rows.
 */
import Papa from 'papaparse';
import type { Feature } from '#domain/model-version';
import { BodyError, customIdProblem, LONGEST_ROW, type RawRow, type RowReader, unreadable, Utf8 } from './row.js';

/** Writes a cell where it belongs. */
type Column = (input: Record<string, unknown>, cell: string) => void;

const CUSTOM_ID = 'custom_id';

export class CsvReader implements RowReader {
  readonly #utf8 = new Utf8();
  #columns: readonly Column[] | null = null;
  #customIdAt = -1;
  #rest = '';
  /** How far the rest has been looked through, and whether a quoted cell was open there. */
  #seen = 0;
  #quoted = false;

  constructor(private readonly features: readonly Feature[]) {}

  push(chunk: Uint8Array): RawRow[] {
    this.#rest += this.#utf8.decode(chunk);
    const end = this.#endOfRows();
    const complete = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end);
    this.#seen = this.#rest.length;
    if (this.#rest.length > LONGEST_ROW) {
      throw new BodyError('invalid_body', `A row is longer than ${LONGEST_ROW} characters, or a quote is not closed.`);
    }
    return this.#read(complete);
  }

  end(): RawRow[] {
    this.#rest += this.#utf8.decode();
    if (this.#endOfRows() === 0 && this.#quoted) throw new BodyError('invalid_body', 'A quoted cell is not closed.');
    const rows = this.#read(this.#rest);
    if (this.#columns === null) throw new BodyError('invalid_header', 'The body has no header row.');
    return rows;
  }

  /** @returns where the last complete row ends: behind the last line end that no quotes enclose */
  #endOfRows(): number {
    const text = this.#rest;
    let end = 0;
    for (let at = this.#seen; at < text.length;) {
      const quote = text.indexOf('"', at);
      const stop = quote === -1 ? text.length : quote;
      if (!this.#quoted) {
        const line = text.lastIndexOf('\n', stop - 1);
        if (line >= at) end = line + 1;
      }
      if (quote === -1) break;
      this.#quoted = !this.#quoted;
      at = quote + 1;
    }
    return end;
  }

  #read(text: string): RawRow[] {
    if (text === '') return [];
    const { data } = Papa.parse<string[]>(text, { delimiter: ',', skipEmptyLines: true });
    const rows = this.#columns === null ? data.slice(1) : data;
    if (this.#columns === null) this.#openHeader(data[0] ?? []);
    return rows.map((cells) => this.#toRow(cells));
  }

  #openHeader(header: readonly string[]): void {
    const names = header.map((name) => name.trim());
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) throw headerError(`names the column ${twice} twice`);
    this.#customIdAt = names.indexOf(CUSTOM_ID);
    this.#columns = names.map((name) => (name === CUSTOM_ID ? ignore : this.#columnFor(name)));
    const missing = this.features.find((feature) => feature.required && !names.some((name) => isOf(feature, name)));
    if (missing !== undefined) throw headerError(`lacks the column ${missing.name}`);
  }

  #columnFor(name: string): Column {
    const feature = this.features.find((one) => isOf(one, name));
    if (feature === undefined) {
      const known = this.features.map((one) => one.name).join(', ');
      throw headerError(`names the column ${JSON.stringify(name)}; the model's are ${known}`);
    }
    if (feature.shape === undefined) return scalarColumn(feature);
    return name === feature.name ? arrayColumn(feature) : elementColumn(feature, name);
  }

  #toRow(cells: readonly string[]): RawRow {
    const columns = this.#columns ?? [];
    if (cells.length !== columns.length) {
      return unreadable('wrong_length', `has ${cells.length} cells; the header has ${columns.length}`);
    }
    const input: Record<string, unknown> = {};
    for (let i = 0; i < columns.length; i += 1) columns[i]?.(input, cells[i] ?? '');
    const customId = this.#customIdAt === -1 ? null : cells[this.#customIdAt] || null;
    const problem = customIdProblem(customId);
    return problem === null
      ? { customId, input, error: null }
      : unreadable('invalid_custom_id', problem, `/${CUSTOM_ID}`);
  }
}

function isOf({ name, shape }: Feature, column: string): boolean {
  return column === name || (shape !== undefined && column.startsWith(`${name}.`));
}

const ignore: Column = () => undefined;

function scalarColumn(feature: Feature): Column {
  const { name } = feature;
  const read = cellReader(feature);
  return (input, cell) => {
    input[name] = read(cell);
  };
}

function arrayColumn({ name }: Feature): Column {
  return (input, cell) => {
    input[name] = cell === '' ? null : parseOrText(cell);
  };
}

/** Elements are numbered in the order of the flattened shape; a shape of several dimensions takes the JSON form. */
function elementColumn(feature: Feature, column: string): Column {
  const { name, shape = [] } = feature;
  const index = Number(column.slice(name.length + 1));
  const size = shape[0] ?? 0;
  if (shape.length !== 1 || !Number.isInteger(index) || index < 0 || index >= size) {
    throw headerError(`names the column ${column}; ${name} has the shape ${shape.join(' x ')}`);
  }
  const read = cellReader(feature);
  return (input, cell) => {
    const elements = (input[name] ??= new Array<unknown>(size).fill(null)) as unknown[];
    elements[index] = read(cell);
  };
}

/** What cannot be read as its type stays a text, so that the model's rule is what the client hears of. */
function cellReader({ type }: Feature): (cell: string) => unknown {
  switch (type) {
    case 'number':
    case 'integer':
      return numberOf;
    case 'boolean':
      return (cell) => (cell === '' ? null : (BOOLEANS[cell.trim().toLowerCase()] ?? cell));
    case 'category':
    case 'string':
      return (cell) => (cell === '' ? null : cell);
  }
}

const BOOLEANS: Readonly<Record<string, boolean>> = { true: true, false: false, '1': true, '0': false };
const DECIMAL = /^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*$/;

function numberOf(cell: string): unknown {
  if (cell === '') return null;
  const value = Number(cell);
  // Number() reads blanks as 0 and 0x10 as 16.
  return Number.isNaN(value) || !DECIMAL.test(cell) ? cell : value;
}

function parseOrText(cell: string): unknown {
  try {
    return JSON.parse(cell) as unknown;
  } catch {
    return cell; // The validator says what it should have been.
  }
}

function headerError(what: string): BodyError {
  return new BodyError('invalid_header', `The header row ${what}.`);
}
