/**
 * CSV with a header row (RFC 4180): a column a feature, in any order, and `custom_id` if the client wants it back.
 *
 * Empty cells are nulls. A feature with a shape takes a column an element (`pixels.0`, `pixels.1`, ...), or one column
 * with a JSON array. Cells are cut by `csv-records`; here they get their meaning.
 */
import { mayNameHalfCharacter } from '#contract/whole-text';
import type { Feature } from '#domain/model-version';
import { type CsvRecord, CsvRecords } from './csv-records.js';
import { BodyError, customIdProblem, type RawRow, requireWhole, type RowReader, unreadable, Utf8 } from './row.js';

/** Writes a cell where it belongs. */
type Column = (input: Record<string, unknown>, cell: string) => void;

const CUSTOM_ID = 'custom_id';
const BROKEN = 'has text after a closing quote; a quote inside quotes is written twice';

export class CsvReader implements RowReader {
  readonly #utf8 = new Utf8();
  readonly #records = new CsvRecords();
  #columns: readonly Column[] | null = null;
  #customIdAt = -1;
  /** Places of the columns that are JSON: the only ones whose texts are not those of the body. */
  #jsonAt: readonly number[] = [];

  constructor(private readonly features: readonly Feature[]) {}

  push(chunk: Uint8Array): RawRow[] {
    return this.#read(this.#records.push(this.#utf8.decode(chunk)));
  }

  end(): RawRow[] {
    const rows = this.#read([...this.#records.push(this.#utf8.decode()), ...this.#records.end()]);
    if (this.#columns === null) throw new BodyError('invalid_header', 'The body has no header row.');
    return rows;
  }

  #read(records: readonly CsvRecord[]): RawRow[] {
    const rows: RawRow[] = [];
    for (const record of records) {
      if (this.#columns === null) this.#openHeader(record);
      else if (record.cells.length > 0) rows.push(this.#toRow(record, this.#columns));
      // With a single column, a blank line is a row whose cell is empty.
      else if (this.#columns.length === 1) rows.push(this.#toRow({ ...record, cells: [''] }, this.#columns));
    }
    return rows;
  }

  #openHeader({ cells, brokenAt }: CsvRecord): void {
    if (cells.length === 0) return;
    if (brokenAt !== -1) throw headerError(BROKEN);
    const names = cells.map((name) => name.trim());
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) throw headerError(`names the column ${twice} twice`);
    this.#customIdAt = names.indexOf(CUSTOM_ID);
    this.#columns = names.map((name) => (name === CUSTOM_ID ? ignore : this.#columnFor(name)));
    this.#jsonAt = names.flatMap((name, at) => (this.features.some((one) => isList(one, name)) ? [at] : []));
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
    return isList(feature, name) ? arrayColumn(feature) : elementColumn(feature, name);
  }

  #toRow({ cells, brokenAt }: CsvRecord, columns: readonly Column[]): RawRow {
    if (brokenAt !== -1)
      return unreadable('invalid_quotes', BROKEN, '', brokenAt === 0 ? null : this.#firstCell(cells));
    if (cells.length !== columns.length) {
      const detail = `has ${cells.length} cells; the header has ${columns.length}`;
      return unreadable('wrong_length', detail, '', this.#firstCell(cells));
    }
    const input: Record<string, unknown> = {};
    for (let i = 0; i < columns.length; i += 1) columns[i]?.(input, cells[i] ?? '');
    const customId = this.#customIdAt === -1 ? null : cells[this.#customIdAt] || null;
    const problem = customIdProblem(customId);
    if (problem !== null) return unreadable('invalid_custom_id', problem, `/${CUSTOM_ID}`);
    const row = { customId, input, error: null };
    return this.#jsonAt.some((at) => mayNameHalfCharacter(cells[at] ?? '')) ? requireWhole(row) : row;
  }

  /** The row's name where the columns are shifted: by how much is unknown, but the first cell cannot have moved. */
  #firstCell([first = '']: readonly string[]): string | null {
    return this.#customIdAt === 0 && first !== '' && customIdProblem(first) === null ? first : null;
  }
}

function isOf({ name, shape }: Feature, column: string): boolean {
  return column === name || (shape !== undefined && column.startsWith(`${name}.`));
}

/** A column with a JSON array, and not one of the columns of its elements. */
function isList({ name, shape }: Feature, column: string): boolean {
  return column === name && shape !== undefined;
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
      return (cell) => (cell === '' ? null : (BOOLEANS.get(cell.trim().toLowerCase()) ?? cell));
    case 'category':
    case 'string':
      return (cell) => (cell === '' ? null : cell);
  }
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
  ['1', true],
  ['0', false],
]);
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
