import { expect, it } from 'vitest';
import type { Prediction } from '#domain/prediction';
import { WaitEstimate } from './wait-estimate.js';

const backlog = { of: () => ({ jobs: {}, predictions: 4_000, bulk: 6_000 }) };
const RUNNING = { stateOf: () => 'running' as const };
const waiting = {
  submission: { model: 'iris', versionId: 'v', priority: 'normal' },
  standing: { status: 'starting' },
} as unknown as Prediction;
const low = { ...waiting, submission: { ...waiting.submission, priority: 'low' } } as Prediction;

it('is the work in front of it, shared by the executors', () => {
  const estimate = new WaitEstimate(backlog, { rowCostMs: () => 0.5, executorsOf: () => 2 }, RUNNING);
  expect(estimate.seconds(waiting)).toBe(1);
  expect(estimate.seconds(low)).toBe(2.5);
});

it('says nothing where nothing is known, or nothing is waited for', () => {
  expect(
    new WaitEstimate(backlog, { rowCostMs: () => null, executorsOf: () => 2 }, RUNNING).seconds(waiting),
  ).toBeNull();
  expect(new WaitEstimate(backlog, { rowCostMs: () => 1, executorsOf: () => 0 }, RUNNING).seconds(waiting)).toBeNull();
  const paused = { stateOf: () => 'paused' as const };
  expect(new WaitEstimate(backlog, { rowCostMs: () => 1, executorsOf: () => 1 }, paused).seconds(waiting)).toBeNull();
  const started = { ...waiting, standing: { ...waiting.standing, status: 'processing' } } as Prediction;
  expect(new WaitEstimate(backlog, { rowCostMs: () => 1, executorsOf: () => 1 }, RUNNING).seconds(started)).toBeNull();
});
