import { expect, it } from 'vitest';
import { isTerminal, type Status, TRANSITIONS } from './prediction.js';

const statuses = Object.keys(TRANSITIONS) as Status[];

it('ends in exactly four ways, and no end has a way out', () => {
  const terminal = statuses.filter((status) => isTerminal(status));
  expect(terminal).toEqual(['succeeded', 'failed', 'canceled', 'aborted']);
  for (const status of terminal) expect(TRANSITIONS[status]).toEqual([]);
});

it('never returns to starting, and never aborts what has begun', () => {
  for (const status of statuses) expect(TRANSITIONS[status]).not.toContain('starting');
  expect(TRANSITIONS.processing).not.toContain('aborted');
});
