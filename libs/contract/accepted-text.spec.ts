import { describe, expect, it } from 'vitest';
import { NOT_STARTED, type Submission } from '#domain/prediction';
import { type AcceptedFor, AcceptedTexts } from './accepted-text.js';
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
const given: AcceptedFor = {
  owner: 'millrace',
  baseUrl: 'http://127.0.0.1:3000',
  shown: { estimatedWaitS: null, streamToken: null },
};

function plain(one: Submission, { owner, baseUrl, shown }: AcceptedFor): string {
  return JSON.stringify(toResource({ submission: one, standing: NOT_STARTED }, owner, baseUrl, shown));
}

const SUBMISSIONS: readonly (readonly [string, Partial<Submission>])[] = [
  ['an id and a time', { id: 'p1111i1', createdAtMs: 1_700_000_999_007 }],
  ['an id of the client', { ownId: 'order-7~a.b' }],
  ['texts that JSON escapes', { input: { text: 'a "quoted" \\ line\nand \u2028 \ud800' } }],
  ['texts that look like our marks', { input: { '\u0001id': '\u0001input', b: '"\\u0001createdAt"' } }],
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
const GIVEN: readonly (readonly [string, AcceptedFor])[] = [
  ['nothing known', given],
  ['a wait', { ...given, shown: { estimatedWaitS: 2.5, streamToken: null } }],
  ['another wait', { ...given, shown: { estimatedWaitS: 0, streamToken: null } }],
  ['a token', { ...given, shown: { estimatedWaitS: null, streamToken: 'abcdefgh.0123456789-_' } }],
  ['another token', { ...given, shown: { estimatedWaitS: null, streamToken: 'ABCDEFGH.9876543210-_' } }],
  ['another address', { ...given, baseUrl: 'https://api.example.com/millrace' }],
  ['another owner', { ...given, owner: 'acme' }],
];

describe.each(GIVEN)('with %s', (_, for_) => {
  it.each(SUBMISSIONS)('is what JSON.stringify makes of the resource: %s', (__, change) => {
    const one = { ...submission, ...change };
    expect(new AcceptedTexts().of(one, for_)).toBe(plain(one, for_));
  });
});

it('stays so in whatever order they come', () => {
  const texts = new AcceptedTexts();
  const all = GIVEN.flatMap(([, for_]) =>
    SUBMISSIONS.map(([, change]) => [{ ...submission, ...change }, for_] as const),
  );
  for (const step of [1, 5, 17, 31]) {
    for (let i = 0; i < all.length; i += 1) {
      const [one, for_] = all[(i * step) % all.length] ?? [submission, given];
      expect(texts.of(one, for_)).toBe(plain(one, for_));
    }
  }
});
