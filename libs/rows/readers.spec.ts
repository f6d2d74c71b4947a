import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Feature } from '#domain/model-version';
import { formatOf, readerFor, type RowFormat } from './format.js';
import { BodyError, LONGEST_ROW, type RawRow } from './row.js';

function feature(name: string, change: Partial<Feature> = {}): Feature {
  return {
    name,
    type: 'number',
    tensor: 'x',
    unit: null,
    description: '',
    required: true,
    nullable: true,
    example: 1,
    sensitive: false,
    ...change,
  };
}

const FEATURES = [
  feature('width'),
  feature('kind', { type: 'category', categories: ['a', 'b'] }),
  feature('open', { type: 'boolean', required: false }),
];

/** Reads a body that comes in pieces that end anywhere. */
function read(format: RowFormat, body: string | Buffer, cuts: readonly number[] = [], features = FEATURES): RawRow[] {
  const bytes = Buffer.from(body);
  const reader = readerFor(format, features);
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const pieces = [...ends, bytes.length].map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
  return [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()];
}

const inputs = (rows: readonly RawRow[]): unknown[] => rows.map(({ input }) => input);
const codes = (rows: readonly RawRow[]): unknown[] => rows.map(({ error }) => error?.code ?? null);

const cuts = fc.array(fc.nat(), { maxLength: 12 });
const text = fc.string({ unit: 'grapheme', maxLength: 12 });

describe('whatever the pieces', () => {
  const rows = fc.array(
    fc.record({ width: fc.oneof(fc.double({ noDefaultInfinity: true, noNaN: true }), fc.constant(null)), kind: text }),
    { maxLength: 8 },
  );
  const flat = (row: object): object => JSON.parse(JSON.stringify(row)) as object;

  it('NDJSON comes back as it went', () => {
    fc.assert(
      fc.property(rows, cuts, fc.constantFrom('\n', '\r\n', '\n\n'), (given, at, end) => {
        const body = given.map((row) => JSON.stringify(row)).join(end);
        expect(inputs(read('ndjson', body, at))).toEqual(given.map(flat));
      }),
    );
  });

  it('a JSON array comes back as it went', () => {
    fc.assert(
      fc.property(rows, cuts, fc.constantFrom(undefined, 2), (given, at, indent) => {
        const body = `\uFEFF ${JSON.stringify(given, null, indent)}\n`;
        expect(inputs(read('json', body, at))).toEqual(given.map(flat));
      }),
    );
  });

  it('CSV comes back as it went, quotes, commas and line ends inside', () => {
    const cell = fc.string({
      unit: fc.constantFrom('a', '"', ',', '\n', '\r\n', ' ', 'ü', '😀'),
      minLength: 1,
      maxLength: 8,
    });
    const quote = (value: string): string => `"${value.replaceAll('"', '""')}"`;
    fc.assert(
      fc.property(fc.array(fc.record({ width: fc.integer(), kind: cell }), { maxLength: 8 }), cuts, (given, at) => {
        const lines = given.map(({ width, kind }) => `${width},${quote(kind)}\r\n`).join('');
        expect(inputs(read('csv', `width,kind\r\n${lines}`, at))).toEqual(given);
      }),
    );
  });
});

describe('a row of JSON', () => {
  it('is the fields, or holds them under input, with a name of the client', () => {
    const body =
      '{"width":1}\n{"custom_id":"x","width":2}\n{"input":{"width":3},"custom_id":"y"}\n{"input":{"width":4}}';
    const rows = read('ndjson', body);
    expect(inputs(rows)).toEqual([{ width: 1 }, { width: 2 }, { width: 3 }, { width: 4 }]);
    expect(rows.map(({ customId }) => customId)).toEqual([null, 'x', 'y', null]);
  });

  it('keeps `input` where the model has a feature of that name, or other fields stand beside it', () => {
    const features = [feature('input')];
    expect(inputs(read('ndjson', '{"input":{"a":1}}', [], features))).toEqual([{ input: { a: 1 } }]);
    expect(inputs(read('ndjson', '{"input":{"a":1},"b":2}'))).toEqual([{ input: { a: 1 }, b: 2 }]);
  });

  it.each([
    ['1', 'wrong_type'],
    ['null', 'wrong_type'],
    ['[1]', 'wrong_type'],
    ['{"a":', 'invalid_json'],
    ['{"a":1}}', 'invalid_json'],
    ['{"a":1},{"a":2}', 'invalid_json'],
    ['{"custom_id":5}', 'invalid_custom_id'],
    ['{"custom_id":""}', 'invalid_custom_id'],
    [`{"custom_id":"${'x'.repeat(129)}"}`, 'invalid_custom_id'],
    [`{"a":"${'x'.repeat(LONGEST_ROW)}"}`, 'row_too_long'],
  ])('%.40s is an error of that row alone: %s', (line, code) => {
    const rows = read('ndjson', `{"a":0}\n${line}\n{"a":9}`, [30, 100_000, 900_000]);
    expect(codes(rows)).toEqual([null, code, null]);
  });

  it('cannot reach the prototype of anything', () => {
    const [row] = read('ndjson', '{"__proto__":{"polluted":1},"width":1}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.keys(row!.input as object)).toEqual(['__proto__', 'width']);
    const [named] = read('ndjson', '{"custom_id":"x","__proto__":{"polluted":1}}');
    expect(Object.hasOwn(named!.input as object, '__proto__')).toBe(true);
  });
});

describe('a JSON array', () => {
  it.each([
    ['[]', []],
    [' [ ] ', []],
    ['[{"a":1},]', [null, 'invalid_json']],
    ['[,{"a":1}]', ['invalid_json', null]],
    ['[{"a":nope},{"a":1}]', ['invalid_json', null]],
    ['["]",{"a":"\\"]"}]', ['wrong_type', null]],
    [`[{"a":"${'x'.repeat(LONGEST_ROW)}"},{"a":1}]`, ['row_too_long', null]],
  ])('%.40s', (body, expected) => {
    expect(codes(read('json', body, [3, 500_000, 1_000_000]))).toEqual(expected);
  });

  it.each(['', '  ', '{"a":1}', 'null', '[{"a":1}', '[{"a":1},', '[{"a":1}] x', '[]]', '[{"a":1}}]', '["a'])(
    '%j is no array',
    (body) => {
      expect(() => read('json', body)).toThrow(BodyError);
    },
  );
});

describe('CSV', () => {
  it('reads cells by the type of their feature, empty ones as nulls, and leaves what does not fit as text', () => {
    const body =
      'kind,width,custom_id,open\na,1.5,r1,true\n,,,\nb,wide,r3,0\nb, 2 ,r4,TRUE\nb,0x10,r5,maybe\nb,1,r6,constructor\n';
    const rows = read('csv', body);
    expect(inputs(rows)).toEqual([
      { kind: 'a', width: 1.5, open: true },
      { kind: null, width: null, open: null },
      { kind: 'b', width: 'wide', open: false },
      { kind: 'b', width: 2, open: true },
      { kind: 'b', width: '0x10', open: 'maybe' },
      { kind: 'b', width: 1, open: 'constructor' },
    ]);
    expect(rows.map(({ customId }) => customId)).toEqual(['r1', null, 'r3', 'r4', 'r5', 'r6']);
  });

  it('takes a feature with a shape as columns, or as a JSON array', () => {
    const features = [feature('pixels', { shape: [3] })];
    expect(inputs(read('csv', 'pixels.0,pixels.2,pixels.1\n1,3,2\n,,\n', [], features))).toEqual([
      { pixels: [1, 2, 3] },
      { pixels: [null, null, null] },
    ]);
    expect(inputs(read('csv', 'pixels\n"[1,2,3]"\nnope\n', [], features))).toEqual([
      { pixels: [1, 2, 3] },
      { pixels: 'nope' },
    ]);
  });

  it('takes a row with another number of cells for an error of that row', () => {
    expect(codes(read('csv', 'width,kind\n1,a\n1\n1,a,2\n'))).toEqual([null, 'wrong_length', 'wrong_length']);
  });

  it.each([
    ['', 'no header'],
    ['width\n1\n', 'lacks the column kind'],
    ['width,kind,height\n', 'names the column "height"'],
    ['width,kind,width\n', 'names the column width twice'],
  ])('%j: %s', (body, message) => {
    expect(() => read('csv', body)).toThrow(message);
  });

  it('a quote that is never closed ends the reading, and not the memory', () => {
    expect(() => read('csv', 'width,kind\n1,"a\n')).toThrow(BodyError);
    expect(() => read('csv', `width,kind\n1,"${'a\n'.repeat(LONGEST_ROW)}`, [1_000_000])).toThrow(/not closed/);
  });
});

describe('half of a character is an error of its row', () => {
  const whole = { width: 1, kind: 'a' };
  const lines = [
    { custom_id: 'x\ud800', ...whole },
    { custom_id: 'named', input: { ...whole, kind: '\udc00' } },
    { ...whole, '\ud800': 1 },
    { custom_id: '😀', ...whole, kind: '😀' },
  ].map((row) => JSON.stringify(row));

  it.each([
    ['ndjson', lines.join('\n')],
    ['json', `[${lines.join()}]`],
  ] as const)('in %s', (format, body) => {
    const [inName, inText, inField, fine] = read(format, body);
    expect(inName).toMatchObject({ customId: null, error: { code: 'malformed_text', pointer: '/custom_id' } });
    expect(inText).toMatchObject({ customId: 'named', error: { code: 'malformed_text', pointer: '/kind' } });
    expect(inField).toMatchObject({ error: { code: 'malformed_text', pointer: '' } });
    expect(fine).toMatchObject({ customId: '😀', input: { kind: '😀' }, error: null });
  });

  it('in a cell of CSV that is JSON', () => {
    const features = [feature('words', { type: 'string', shape: [2] })];
    const body = String.raw`custom_id,words
"a","[""\ud800"",""b""]"
"b\ud800","[""\ud83d\ude00"",""b""]"
`;
    const [half, fine] = read('csv', body, [], features);
    expect(half).toMatchObject({ customId: 'a', error: { code: 'malformed_text', pointer: '/words/0' } });
    // Outside of JSON a backslash is a backslash.
    expect(fine).toMatchObject({ customId: String.raw`b\ud800`, input: { words: ['😀', 'b'] }, error: null });
  });
});

it('bytes that are no UTF-8 are no body', () => {
  for (const format of ['json', 'ndjson', 'csv'] as const) {
    expect(() => read(format, Buffer.from([0x5b, 0xff, 0xfe, 0x5d]))).toThrow(/UTF-8/);
  }
});

it('keeps no more than the row that has no end yet', () => {
  const line = Buffer.from(`${JSON.stringify({ width: 1.25, kind: 'a' })}\n`.repeat(1_000));
  const reader = readerFor('ndjson', FEATURES);
  const before = process.memoryUsage().heapUsed;
  let rows = 0;
  for (let i = 0; i < 300; i += 1) rows += reader.push(line).length;
  expect(rows).toBe(300_000);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1_048_576);
});

it('knows the formats by their content types', () => {
  expect(formatOf('application/json; charset=utf-8')).toBe('json');
  expect(formatOf('Application/X-NDJSON')).toBe('ndjson');
  expect(formatOf('text/csv;header=present')).toBe('csv');
  for (const other of [undefined, '', 'text/plain', 'application/json; charset=utf-16', 'constructor'])
    expect(formatOf(other)).toBeNull();
});
