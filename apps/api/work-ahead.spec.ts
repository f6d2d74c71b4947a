import { expect, it } from 'vitest';
import { WorkAhead } from './work-ahead.js';

const queued = (waiting: number, active = 0, delayed = 0) => ({ waiting, active, delayed, oldestAtMs: null });
const backlog = { of: () => ({ byPriority: { normal: queued(3_000, 900, 100), low: queued(6_000) } }) };
const fleet = { rowCostMs: () => 0.5, executorsOf: () => 2 };
const RUNNING = { stateOf: () => 'running' as const };

it('is what waits and runs, by its measured cost', () => {
  const ahead = new WorkAhead(backlog, fleet, RUNNING);
  expect(ahead.workSeconds('iris', 'v')).toBe(5);
  expect(ahead.drainSeconds('iris', 'v')).toBe(2.5);
});

it('is what is in front of a prediction, by its priority', () => {
  const ahead = new WorkAhead(backlog, fleet, RUNNING);
  expect(ahead.waitSeconds('iris', 'v', 'normal')).toBe(1);
  expect(ahead.waitSeconds('iris', 'v', 'low')).toBe(2.5);
});

it('says nothing where nothing is known, or nothing runs', () => {
  const unmeasured = new WorkAhead(backlog, { ...fleet, rowCostMs: () => null }, RUNNING);
  expect([unmeasured.workSeconds('iris', 'v'), unmeasured.waitSeconds('iris', 'v', 'low')]).toEqual([null, null]);
  const unserved = new WorkAhead(backlog, { ...fleet, executorsOf: () => 0 }, RUNNING);
  expect([unserved.workSeconds('iris', 'v'), unserved.drainSeconds('iris', 'v')]).toEqual([5, null]);
  const paused = new WorkAhead(backlog, fleet, { stateOf: () => 'paused' as const });
  expect([paused.workSeconds('iris', 'v'), paused.drainSeconds('iris', 'v')]).toEqual([5, null]);
  expect(paused.waitSeconds('iris', 'v', 'low')).toBeNull();
});
