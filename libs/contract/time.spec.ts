import { describe, expect, it } from 'vitest';
import { toTime, toTimeOrNull } from './time.js';

describe('times on the wire', () => {
  it('are those of the calendar, in whatever order they are asked for', () => {
    const times = [0, 1, 999, 1_000, 1_790_000_000_007, 1_790_000_000_070, 1_789_999_999_999, 1_790_000_000_700, 0];
    expect(times.map(toTime)).toEqual(times.map((ms) => new Date(ms).toISOString()));
  });

  it('leave out parts of a millisecond, across the end of a second too', () => {
    expect(toTime(1_790_000_000_999.9)).toBe(new Date(1_790_000_000_999).toISOString());
    expect(toTime(1_790_000_001_000.2)).toBe(new Date(1_790_000_001_000).toISOString());
  });

  it('are those of the calendar before the epoch', () => {
    expect(toTime(-1)).toBe(new Date(-1).toISOString());
  });

  it('are null for what has not come', () => {
    expect(toTimeOrNull(null)).toBeNull();
    expect(toTimeOrNull(5)).toBe('1970-01-01T00:00:00.005Z');
  });
});
