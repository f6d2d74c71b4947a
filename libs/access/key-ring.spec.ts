import { expect, it } from 'vitest';
import type { KeyRecord } from '#domain/key-record';
import { newApiKey, parseApiKey } from './api-key.js';
import { KeyRing } from './key-ring.js';

function recordOf(text: string, change: Partial<KeyRecord> = {}): KeyRecord {
  return {
    ...parseApiKey(text)!,
    client: 'acme',
    name: null,
    scopes: ['predict'],
    createdBy: null,
    createdAtMs: 0,
    expiresAtMs: null,
    revokedAtMs: null,
    replacedBy: null,
    ...change,
  };
}

it('knows who calls with a key of the ring', () => {
  const text = newApiKey();
  const ring = new KeyRing();
  ring.replace([recordOf(text)]);
  expect(ring.identify(text, 1)).toEqual({
    kind: 'caller',
    caller: { client: 'acme', keyId: parseApiKey(text)!.id, scopes: ['predict'] },
  });
});

it('tells a key that it does not know from what was never one', () => {
  const ring = new KeyRing();
  expect(ring.identify(newApiKey(), 1).kind).toBe('unknown');
  expect(ring.identify('mr_live_no', 1).kind).toBe('malformed');
});

it('admits nobody by the id of another key, by a revoked or by an expired one', () => {
  const text = newApiKey();
  const ring = new KeyRing();
  ring.replace([recordOf(text, { digest: 'f'.repeat(64) })]);
  expect(ring.identify(text, 1).kind).toBe('unknown');
  ring.replace([recordOf(text, { revokedAtMs: 1 })]);
  expect(ring.identify(text, 2).kind).toBe('unknown');
  ring.replace([recordOf(text, { expiresAtMs: 5 })]);
  expect(ring.identify(text, 4).kind).toBe('caller');
  expect(ring.identify(text, 5).kind).toBe('unknown');
});

it('forgets what the next ring does not hold', () => {
  const text = newApiKey();
  const ring = new KeyRing();
  ring.replace([recordOf(text)]);
  ring.replace([]);
  expect(ring.identify(text, 1).kind).toBe('unknown');
  expect(ring.all()).toEqual([]);
});
