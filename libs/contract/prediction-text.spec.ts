import { describe, expect, it } from 'vitest';
import type { Failure } from '#domain/failure';
import { NOT_STARTED, type Standing, type Submission } from '#domain/prediction';
import { PredictionTexts, type ShownTo, type TextPrediction, withOutput } from './prediction-text.js';
import { toResource } from './prediction-resource.js';

const submission: Submission = {
  id: 'p0000i0000000000000000000000000000',
  ownId: null,
  client: 'acme',
  model: 'iris',
  versionId: 'a'.repeat(64),
  versionLabel: '1.0.0',
  input: { x: 1.5 },
  metadata: null,
  priority: 'normal',
  deadlineAtMs: null,
  callback: null,
  batchId: null,
  trace: null,
  createdAtMs: 1_700_000_000_123,
};
const success: Standing<string> = {
  status: 'succeeded',
  output: '{"label":"setosa","score":0.9,"probabilities":{"setosa":0.9,"versicolor":0.1}}',
  failure: null,
  startedAtMs: 1_700_000_000_130,
  attempts: 1,
  completedAtMs: 1_700_000_000_141,
  predictMs: 0.4217,
  batchSize: 17,
};
const to: ShownTo = {
  owner: 'millrace',
  baseUrl: 'http://127.0.0.1:3000',
  shown: { estimatedWaitS: null, streamToken: null },
};
const failure: Failure = { code: 'crashed', message: 'It ended the process that ran it.' };

function plain(one: TextPrediction, { owner, baseUrl, shown }: ShownTo): string {
  return JSON.stringify(toResource(withOutput(one), owner, baseUrl, shown));
}

const SUBMISSIONS: readonly (readonly [string, Partial<Submission>])[] = [
  ['an id and a time', { id: 'p1111i1', createdAtMs: 1_700_000_999_007 }],
  ['an id of the client', { ownId: 'order-7~a.b' }],
  ['texts that JSON escapes', { input: { text: 'a "quoted" \\ line\nand \u2028 \ud800' } }],
  ['texts that look like our marks', { input: { '\u0001id': '\u0001input', b: '"\\u0001created_at"' } }],
  ['texts that look like replacement patterns', { input: { text: "$& $1 $' $`" } }],
  ['nested input', { input: { pixels: [0, 1, 16], at: { deep: null } } }],
  ['low priority', { priority: 'low' }],
  ['another version', { versionId: 'b'.repeat(64), versionLabel: '2.0.0-rc.1' }],
  ['metadata', { metadata: { order: '7' } }],
  ['a deadline', { deadlineAtMs: 1_700_000_099_000 }],
  [
    'a webhook',
    { callback: { url: 'http://127.0.0.1/hook', events: ['completed'], owner: 'acme', baseUrl: 'http://api' } },
  ],
];
const STANDINGS: readonly (readonly [string, Standing<string>])[] = [
  ['not started', NOT_STARTED],
  ['processing', { ...NOT_STARTED, status: 'processing', startedAtMs: 1_700_000_000_130, attempts: 1 }],
  ['succeeded', success],
  ['succeeded at another time', { ...success, startedAtMs: 1_700_000_002_000, completedAtMs: 1_700_000_003_999 }],
  ['succeeded before it came, by another clock', { ...success, startedAtMs: 1_699_999_999_999 }],
  ['succeeded with a number', { ...success, output: '{"value":-1.5e-7}', predictMs: 12, batchSize: 1 }],
  ['succeeded with texts that look like our marks', { ...success, output: '{"\\u0001id":"\\u0001output $& \\"x"}' }],
  ['succeeded in its second attempt', { ...success, attempts: 2 }],
  ['failed', { ...success, status: 'failed', output: null, failure }],
  [
    'failed for another reason',
    { ...success, status: 'failed', output: null, failure: { ...failure, message: 'It took too long.' } },
  ],
  ['canceled', { ...NOT_STARTED, status: 'canceled', completedAtMs: 1_700_000_000_200 }],
];
const SHOWN_TO: readonly (readonly [string, ShownTo])[] = [
  ['nothing known', to],
  ['a wait', { ...to, shown: { estimatedWaitS: 2.5, streamToken: null } }],
  ['another wait', { ...to, shown: { estimatedWaitS: 0, streamToken: null } }],
  ['a token', { ...to, shown: { estimatedWaitS: null, streamToken: 'abcdefgh.0123456789-_' } }],
  ['another token', { ...to, shown: { estimatedWaitS: null, streamToken: 'ABCDEFGH.9876543210-_' } }],
  ['another address', { ...to, baseUrl: 'https://api.example.com/millrace' }],
  ['another owner', { ...to, owner: 'acme' }],
];

describe.each(STANDINGS)('%s', (_, standing) => {
  it.each(SHOWN_TO)('is what JSON.stringify makes of the resource, with %s', (__, whom) => {
    for (const [what, change] of SUBMISSIONS) {
      const one = { submission: { ...submission, ...change }, standing };
      expect([what, new PredictionTexts().of(one, whom)]).toEqual([what, plain(one, whom)]);
    }
  });
});

it('stays so in whatever order they come', () => {
  const texts = new PredictionTexts();
  const all = SHOWN_TO.flatMap(([, whom]) =>
    STANDINGS.flatMap(([, standing]) =>
      SUBMISSIONS.map(([, change]) => [{ submission: { ...submission, ...change }, standing }, whom] as const),
    ),
  );
  for (const step of [1, 13, 77, 303]) {
    for (let i = 0; i < all.length; i += 1) {
      const [one, whom] = all[(i * step) % all.length]!;
      expect(texts.of(one, whom)).toBe(plain(one, whom));
    }
  }
});
