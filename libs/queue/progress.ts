/**
 * What happens to a job's rows before it ends: marks, the first start of each row, and its attempts.
 *
 * It is kept in the field of the job's hash that BullMQ calls `progress`, because BullMQ hands that field to the worker
 * together with the job: the marks that were set before an envelope is taken cost no further read.
 *
 *     {"x": {"3": ["canceled", 1700000000000]}, "s": {"3": 1700000000000}, "a": {"3": 2}}
 *
 * Times are milliseconds since the epoch; the number of an attempt (`a`) stands there where it says more than a start.
 */
import type { Mark } from '#domain/mark';

export interface Progress {
  readonly marks: ReadonlyMap<number, Mark>;
  /** First start of a row, milliseconds since the epoch. */
  readonly starts: ReadonlyMap<number, number>;
  /** Attempts of a row that have begun, where that is not plain from its start. */
  readonly attempts: ReadonlyMap<number, number>;
}

const NONE: Progress = { marks: new Map(), starts: new Map(), attempts: new Map() };

/** Reads the field as text or as what BullMQ has parsed; 0 and absent mean that nothing has happened. */
export function parseProgress(field: unknown): Progress {
  const value: unknown = typeof field === 'string' ? parse(field) : field;
  if (typeof value !== 'object' || value === null) return NONE;
  const { x, s, a } = value as { x?: Record<string, [Mark['kind'], number]>; s?: RowNumbers; a?: RowNumbers };
  const marks = Object.entries(x ?? {}).map(([row, [kind, atMs]]): [number, Mark] => [Number(row), { kind, atMs }]);
  return { marks: new Map(marks), starts: byRow(s), attempts: byRow(a) };
}

type RowNumbers = Readonly<Record<string, number>>;

function byRow(numbers: RowNumbers = {}): ReadonlyMap<number, number> {
  return new Map(Object.entries(numbers).map(([row, number]) => [Number(row), number]));
}

/** @returns how many attempts of the row have begun; a start alone is the first */
export function attemptsOf({ starts, attempts }: Progress, row: number): number {
  return attempts.get(row) ?? (starts.has(row) ? 1 : 0);
}

function parse(text: string): unknown {
  if (text === '' || text === '0') return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Lua: reads the field of the job at `key` into a table that has both parts. */
export const LUA_READ_PROGRESS = `
local function readProgress(key)
  local ok, value = pcall(cjson.decode, redis.call('HGET', key, 'progress') or '')
  if not ok or type(value) ~= 'table' then value = {} end
  value.x = value.x or {}
  value.s = value.s or {}
  value.a = value.a or {}
  return value
end
`;
