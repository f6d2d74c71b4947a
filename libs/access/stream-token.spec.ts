import { describe, expect, it } from 'vitest';
import type { KeyRecord } from '#domain/key-record';
import { newApiKey, parseApiKey } from './api-key.js';
import { KeyRing } from './key-ring.js';
import { newStreamToken, parseStreamToken } from './stream-token.js';

function record(change: Partial<KeyRecord> = {}): KeyRecord {
  const identity = parseApiKey(newApiKey());
  if (identity === null) throw new Error('no key');
  return {
    ...identity,
    client: 'shop',
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

function ringOf(...records: KeyRecord[]): KeyRing {
  const ring = new KeyRing();
  ring.replace(records);
  return ring;
}

describe('a stream token', () => {
  it('stands for the owner of its key, at its subject alone', () => {
    const key = record();
    const ring = ringOf(key, record());
    const token = newStreamToken(key, 'p1');
    const caller = { client: 'shop', keyId: key.id, scopes: ['predict'] };
    expect(ring.identifyByToken(token, 'p1', 1)).toEqual({ kind: 'caller', caller });
    expect(ring.identifyByToken(token, 'p2', 1).kind).toBe('malformed');
  });

  it('is the same whenever it is made, and never the key or its digest', () => {
    const key = record();
    expect(newStreamToken(key, 'p1')).toBe(newStreamToken(key, 'p1'));
    expect(newStreamToken(key, 'p1')).not.toContain(key.digest.slice(0, 8));
  });

  it.each([
    ['revoked', { revokedAtMs: 5 }],
    ['expired', { expiresAtMs: 5 }],
  ])('ends with a key that is %s', (_, change) => {
    const key = record(change);
    expect(ringOf(key).identifyByToken(newStreamToken(key, 'p1'), 'p1', 10).kind).toBe('unknown');
  });

  it('of another key, or of none, opens nothing', () => {
    const key = record();
    const ring = ringOf(key);
    expect(ring.identifyByToken(newStreamToken(record(), 'p1'), 'p1', 1).kind).toBe('unknown');
    const forged = `${key.id}.${'A'.repeat(22)}`;
    expect(ring.identifyByToken(forged, 'p1', 1).kind).toBe('malformed');
  });

  it.each(['', 'x', 'abcdefgh.', `abcdefgh.${'A'.repeat(23)}`, `abcdefgh.${'A'.repeat(21)}=`])('is not %j', (text) => {
    expect(parseStreamToken(text)).toBeNull();
  });
});
