import { expect, it } from 'vitest';
import { LatencyHistogram } from './latency-histogram.js';
import { report } from './load-report.js';

const latencies = new LatencyHistogram();
for (let n = 0; n < 100; n += 1) latencies.add(5);

it('counts over the load and the time until the last answer', () => {
  const { values, text } = report({ seconds: 1, latencies, statuses: new Map([[201, 100]]), unanswered: 0 }, 1_000);
  expect(values).toMatchObject({
    accepted: 100,
    accepted_per_second: 100,
    predictions_per_second: 50,
    drained_after: 1,
  });
  expect(text).not.toContain('no answer');
});

it('calls by its name what had no answer, and claims no rate where nobody knows when the last one ended', () => {
  const { values, text } = report({ seconds: 1, latencies, statuses: new Map([[201, 100]]), unanswered: 7 }, null);
  expect(values).toMatchObject({ unanswered: 7, predictions_per_second: null, drained_after: null });
  expect(text).toMatch(/^no answer +7$/m);
  expect(text).toMatch(/^unknown .* unknown$/m);
});
