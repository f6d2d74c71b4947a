/**
 * What happens to a job's rows before it ends: marks, and the first start of each row.
 *
 * It is kept in the field of the job's hash that BullMQ calls `progress`, because BullMQ hands that field to the worker
 * together with the job: the marks that were set before an envelope is taken cost no further read.
 *
 *     {"x": {"3": ["canceled", 1700000000000]}, "s": {"3": 1700000000000}}     times in milliseconds since the epoch
 */
import type { Mark } from '#domain/mark';

export interface Progress {
  readonly marks: ReadonlyMap<number, Mark>;
  /** First start of a row, milliseconds since the epoch. */
  readonly starts: ReadonlyMap<number, number>;
}

const NONE: Progress = { marks: new Map(), starts: new Map() };

/** Reads the field as text or as what BullMQ has parsed; 0 and absent mean that nothing has happened. */
export function parseProgress(field: unknown): Progress {
  const value: unknown = typeof field === 'string' ? parse(field) : field;
  if (typeof value !== 'object' || value === null) return NONE;
  const { x, s } = value as { x?: Record<string, [Mark['kind'], number]>; s?: Record<string, number> };
  const marks = Object.entries(x ?? {}).map(([row, [kind, atMs]]): [number, Mark] => [Number(row), { kind, atMs }]);
  const starts = Object.entries(s ?? {}).map(([row, atMs]): [number, number] => [Number(row), atMs]);
  return { marks: new Map(marks), starts: new Map(starts) };
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
  return value
end
`;
