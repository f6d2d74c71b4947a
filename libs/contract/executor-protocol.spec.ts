import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isFromExecutor } from './executor-protocol.js';

const stages = { preprocessMs: 0.1, runMs: 2, postprocessMs: 0 };
const succeeded = { output: { value: 1 } };
const failed = { failure: { code: 'invalid_output', message: 'NaN' } };

it('takes every message that a child has to send', () => {
  const messages = [
    { kind: 'ready', loads: [{ versionId: 'f'.repeat(64), loadMs: 12.5, rowCostMs: 0.2 }] },
    { kind: 'refused', reason: 'Model file iris/1.0.0/model.onnx: is missing' },
    { kind: 'running', batch: 1 },
    { kind: 'ran', batch: 1, results: [succeeded, failed], stages },
    { kind: 'broke', batch: 2, message: 'The model reported an error while it ran.', mayPass: false },
  ];
  for (const message of messages) expect(isFromExecutor(message), message.kind).toBe(true);
});

// The worker reads what passes without a further look: whatever would throw there, or stop a metric, has to fail here.
it.each([
  ['no object', null],
  ['a list', []],
  ['an unknown kind', { kind: 'hello' }],
  ['no loads', { kind: 'ready' }],
  ['a load that is null', { kind: 'ready', loads: [null] }],
  ['a load without a time', { kind: 'ready', loads: [{ versionId: 'x', loadMs: null, rowCostMs: 0.2 }] }],
  ['a batch that is no number', { kind: 'running', batch: '1' }],
  ['a break without a reason', { kind: 'broke', batch: 1, mayPass: true }],
  ['a break that may pass or not', { kind: 'broke', batch: 1, message: 'x' }],
  ['no results', { kind: 'ran', batch: 1, stages }],
  ['a result that is null', { kind: 'ran', batch: 1, results: [null], stages }],
  ['a result that is a number', { kind: 'ran', batch: 1, results: [7], stages }],
  ['a result that says nothing', { kind: 'ran', batch: 1, results: [{}], stages }],
  ['an output that is no object', { kind: 'ran', batch: 1, results: [{ output: 7 }], stages }],
  ['a failure without a message', { kind: 'ran', batch: 1, results: [{ failure: { code: 'x' } }], stages }],
  ['stages that are no numbers', { kind: 'ran', batch: 1, results: [], stages: { ...stages, runMs: null } }],
  ['missing stages', { kind: 'ran', batch: 1, results: [], stages: {} }],
])('refuses %s', (_, message) => {
  expect(isFromExecutor(message)).toBe(false);
});

it('answers for anything at all, and never throws', () => {
  fc.assert(fc.property(fc.anything(), (message) => typeof isFromExecutor(message) === 'boolean'));
});
