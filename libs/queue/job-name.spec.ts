import { expect, it } from 'vitest';
import { jobName, rowsOfJobName } from './job-name.js';

it.each([
  ['iris', '1.0.0', 1],
  ['owner/fraud x2', '2.0.0 x7', 64],
])('%s:%s of %i rows', (model, label, rows) => {
  expect(rowsOfJobName(jobName(model, label, rows))).toBe(rows);
});

it('is what the queues of a running fleet hold', () => {
  expect(jobName('iris', '1.0.0', 21)).toBe('iris:1.0.0 x21');
});

it.each(['', 'iris:1.0.0', 'iris:1.0.0 isolated', 'iris:1.0.0 x', 'iris:1.0.0 x21 isolated'])(
  '%j says nothing',
  (name) => {
    expect(rowsOfJobName(name)).toBe(null);
  },
);
