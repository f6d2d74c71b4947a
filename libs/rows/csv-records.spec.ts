import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Feature } from '#domain/model-version';
import { CsvReader } from './csv-reader.js';
import { CsvRecords } from './csv-records.js';
import { BodyError, LONGEST_ROW, type RawRow } from './row.js';

function text(name: string): Feature {
  return {
    name,
    type: 'string',
    tensor: 'x',
    unit: null,
    description: '',
    required: true,
    nullable: true,
    example: '',
    sensitive: false,
  };
}

/** Reads a file that comes in pieces that end anywhere, also inside a character. */
function read(body: string, features: readonly string[], cuts: readonly number[] = []): RawRow[] {
  const bytes = Buffer.from(body);
  const reader = new CsvReader(features.map(text));
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const pieces = [...ends, bytes.length].map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
  return [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()];
}

const inputs = (rows: readonly RawRow[]): unknown[] => rows.map(({ input }) => input);
const errors = (rows: readonly RawRow[]): unknown[] =>
  rows.map(({ customId, error }) => (error === null ? null : [error.code, customId]));

const cuts = fc.array(fc.nat(), { maxLength: 12 });
const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
const anything = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'ü', '😀'), maxLength: 6 });
const plain = fc.string({ unit: fc.constantFrom('a', '"', ' ', 'ü', '😀'), maxLength: 6 });

/** A cell as its writer chose to write it. */
const cell = fc.oneof(
  anything.map((value) => ({ value, written: `"${value.replaceAll('"', '""')}"` })),
  plain.filter((value) => !value.startsWith('"')).map((value) => ({ value, written: value })),
);

it('reads the same rows whatever ends the lines, quotes the cells and cuts the pieces', () => {
  const line = fc.record({ cells: fc.tuple(cell, cell), end: lineEnd });
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), lineEnd, cuts, fc.boolean(), (lines, headerEnd, at, isClosed) => {
      const body = lines.map(({ cells, end }, i) => {
        const isLast = i === lines.length - 1 && !isClosed;
        return `${cells.map(({ written }) => written).join(',')}${isLast ? '' : end}`;
      });
      const rows = read(`one,two${headerEnd}${body.join('')}`, ['one', 'two'], at);
      expect(rows.map(({ error }) => error)).toEqual(lines.map(() => null));
      expect(inputs(rows)).toEqual(
        lines.map(({ cells: [one, two] }) => ({ one: one.value || null, two: two.value || null })),
      );
    }),
    { numRuns: 500 },
  );
});

it('reads the same of whatever is no CSV, in one piece or in many', () => {
  const attempt = (body: string, at: readonly number[]): unknown => {
    try {
      return read(`one,two\n${body}`, ['one', 'two'], at);
    } catch (error) {
      return (error as Error).message;
    }
  };
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' '), maxLength: 30 }),
      cuts,
      (body, at) => {
        expect(attempt(body, at)).toEqual(attempt(body, []));
      },
    ),
    { numRuns: 500 },
  );
});

it.each([
  ['a header of \\r\\n above rows of \\n', 'one,custom_id\r\na,x1\nb,x2\n'],
  ['a header of \\n above rows of \\r\\n', 'one,custom_id\na,x1\r\nb,x2\r\n'],
])('%s ends no name in a line end', (_, body) => {
  expect(read(body, ['one']).map(({ customId }) => customId)).toEqual(['x1', 'x2']);
});

it('takes a quote inside of an unquoted cell as it stands', () => {
  const rows = read('one,two\n5" pipe,a\nb,6\n"7"" pipe",c\n', ['one', 'two']);
  expect(inputs(rows)).toEqual([
    { one: '5" pipe', two: 'a' },
    { one: 'b', two: '6' },
    { one: '7" pipe', two: 'c' },
  ]);
});

it('takes text behind a closing quote for an error of that row alone', () => {
  const rows = read('custom_id,one\nr0,a\nr1,"b"c\n"r"2,d\nr3,"e" \nr4,"f" "g"\n', ['one']);
  expect(errors(rows)).toEqual([
    null,
    ['invalid_quotes', 'r1'],
    ['invalid_quotes', null],
    null,
    ['invalid_quotes', 'r4'],
  ]);
  expect(rows[3]!.input).toEqual({ one: 'e' });
  expect(() => read('custom_id,"on"e\n', ['one'])).toThrow(/header row has text after/);
});

it('passes over blank lines, but not where they are rows of the only column', () => {
  expect(inputs(read('\n\none,two\n\na,b\r\n\r\nc,d\n\n', ['one', 'two']))).toEqual([
    { one: 'a', two: 'b' },
    { one: 'c', two: 'd' },
  ]);
  expect(inputs(read('\none\na\n""\n\nb\n', ['one']))).toEqual([
    { one: 'a' },
    { one: null },
    { one: null },
    { one: 'b' },
  ]);
});

it('keeps the name of a row of a wrong length where it stands before what is wrong', () => {
  expect(errors(read('custom_id,one\nr1\nr2,a,b\n,a,b\n', ['one']))).toEqual([
    ['wrong_length', 'r1'],
    ['wrong_length', 'r2'],
    ['wrong_length', null],
  ]);
  // Which cell is too many nobody knows.
  expect(errors(read('one,custom_id\na,b,r1\n', ['one']))).toEqual([['wrong_length', null]]);
});

it('shows a name that is none, since the row goes without it', () => {
  const [row] = read(`custom_id,one\n${'x'.repeat(200)},a\n`, ['one']);
  expect(row!.customId).toBeNull();
  expect(row!.error).toMatchObject({ code: 'invalid_custom_id', pointer: '/custom_id' });
  expect(row!.error!.detail).toMatch(/^is "x{59}\.\.\.: must be 1 to 128 characters$/);
});

it('refuses a record that is too long, also where it comes in one piece with its end', () => {
  const long = `${'a'.repeat(LONGEST_ROW)}b\n`;
  expect(() => new CsvRecords().push(long)).toThrow(BodyError);
  const inPieces = new CsvRecords();
  inPieces.push(long.slice(0, 10));
  expect(() => inPieces.push(long.slice(10))).toThrow(/longer than/);
});
