import { expect, it } from 'vitest';
import type { Prediction, Standing } from '#domain/prediction';
import { PREDICTION_SCHEMA } from './prediction.dto.js';
import { toResource } from './prediction-resource.js';

const standing: Standing = {
  status: 'starting',
  output: null,
  failure: null,
  startedAtMs: null,
  attempts: 0,
  completedAtMs: null,
  predictMs: null,
  batchSize: null,
};

function resourceOf(change: Partial<Standing>) {
  const prediction: Prediction = {
    submission: {
      id: 'p1',
      ownId: null,
      client: 'acme',
      model: 'iris',
      versionId: 'a'.repeat(64),
      versionLabel: '1.0.0',
      input: { x: 1 },
      metadata: null,
      priority: 'normal',
      deadlineAtMs: null,
      callback: null,
      batchId: null,
      trace: null,
      createdAtMs: 1_700_000_000_000,
    },
    standing: { ...standing, ...change },
  };
  return toResource(prediction, 'millrace', 'http://here');
}

it('has every field of the contract from the first answer on, those without a value as null', () => {
  const resource = resourceOf({});
  expect(Object.keys(resource).sort()).toEqual([...PREDICTION_SCHEMA.required].sort());
  expect(resource).toMatchObject({
    model: 'millrace/iris',
    version: 'a'.repeat(64),
    version_label: '1.0.0',
    output: null,
    error: null,
    error_code: null,
    attempts: 0,
    metrics: {},
    created_at: '2023-11-14T22:13:20.000Z',
    started_at: null,
    completed_at: null,
    urls: {
      get: 'http://here/v1/predictions/p1',
      cancel: 'http://here/v1/predictions/p1/cancel',
      stream: 'http://here/v1/predictions/p1/events',
    },
  });
});

it('never shows whose prediction it is', () => {
  expect(JSON.stringify(resourceOf({}))).not.toContain('acme');
});

it('says times in RFC 3339 and durations in seconds', () => {
  const resource = resourceOf({
    status: 'succeeded',
    startedAtMs: 1_700_000_000_250,
    completedAtMs: 1_700_000_001_000,
    predictMs: 1.2345678,
    batchSize: 32,
  });
  expect(resource.started_at).toBe('2023-11-14T22:13:20.250Z');
  expect(resource.completed_at).toBe('2023-11-14T22:13:21.000Z');
  expect(resource.metrics).toEqual({ predict_time: 0.001235, queue_time: 0.25, total_time: 1, batch_size: 32 });
});

it('shows no negative duration where two machines disagree about the time', () => {
  const { metrics } = resourceOf({ startedAtMs: 1_699_999_999_000, completedAtMs: 1_699_999_999_500 });
  expect(metrics).toMatchObject({ queue_time: 0, total_time: 0 });
});

it('gives a failure as a sentence for people and a code for programs', () => {
  const resource = resourceOf({ status: 'failed', failure: { code: 'crashed', message: 'It died.' } });
  expect(resource).toMatchObject({ error: 'It died.', error_code: 'crashed', output: null });
});
