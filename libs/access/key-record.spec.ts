import { expect, it } from 'vitest';
import { newApiKey, parseApiKey } from './api-key.js';
import { admit, allows, isValid, type KeyRecord, revoke, rotate, SCOPES } from './key-record.js';

const newKey = () => parseApiKey(newApiKey())!;
const key = newKey();
const record: KeyRecord = {
  ...key,
  client: 'acme',
  scopes: ['predict'],
  createdAtMs: 1_000,
  expiresAtMs: 11_000,
  revokedAtMs: null,
  replacedBy: null,
};

it('admits the holder of the key as its client, and nobody else', () => {
  expect(admit(record, key, 2_000)).toEqual({ client: 'acme', keyId: key.id, scopes: ['predict'] });
  expect(admit(record, { ...newKey(), id: key.id }, 2_000)).toBeNull();
});

it('ends a key at the moment of its expiry', () => {
  expect(admit(record, key, 10_999)).not.toBeNull();
  expect(admit(record, key, 11_000)).toBeNull();
  expect(isValid({ ...record, expiresAtMs: null }, Number.MAX_SAFE_INTEGER)).toBe(true);
});

it('revokes once and for good', () => {
  const revoked = revoke(record, 3_000);
  expect(admit(revoked, key, 3_000)).toBeNull();
  expect(revoke(revoked, 4_000).revokedAtMs).toBe(3_000);
});

it('allows a scope that the key has; admin has them all', () => {
  for (const scope of SCOPES) {
    expect(allows(record, scope)).toBe(scope === 'predict');
    expect(allows({ scopes: ['admin'] }, scope)).toBe(true);
    expect(allows({ scopes: [] }, scope)).toBe(false);
  }
});

it('keeps the old key until the overlap ends, and gives the new one the same life', () => {
  const next = newKey();
  const { old, fresh } = rotate(record, next, 5_000, 2_000)!;
  expect(fresh).toEqual({ ...record, ...next, createdAtMs: 5_000, expiresAtMs: 15_000 });
  expect(old.replacedBy).toBe(next.id);
  expect(admit(old, key, 6_999)).not.toBeNull();
  expect(admit(old, key, 7_000)).toBeNull();
  expect(admit(fresh, next, 7_000)).toMatchObject({ client: 'acme', keyId: next.id });
});

it('never lets an overlap lengthen a life', () => {
  expect(rotate(record, newKey(), 5_000, 60_000)!.old.expiresAtMs).toBe(11_000);
  expect(rotate({ ...record, expiresAtMs: null }, newKey(), 5_000, 1)).toMatchObject({
    old: { expiresAtMs: 5_001 },
    fresh: { expiresAtMs: null },
  });
});

it('rotates no key that has ended or was rotated before', () => {
  expect(rotate(revoke(record, 2_000), newKey(), 3_000, 1_000)).toBeNull();
  expect(rotate(record, newKey(), 11_000, 1_000)).toBeNull();
  expect(rotate(rotate(record, newKey(), 3_000, 5_000)!.old, newKey(), 4_000, 1_000)).toBeNull();
});
