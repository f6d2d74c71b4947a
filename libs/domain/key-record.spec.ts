import { expect, it } from 'vitest';
import { allows, isLastingAdmin, isValid, type KeyRecord, revoke, rotate, SCOPES } from './key-record.js';

let made = 0;
const newKey = () => ({ id: `key${(made += 1)}`, digest: String(made).repeat(64) });
const key = newKey();
const record: KeyRecord = {
  ...key,
  client: 'acme',
  name: null,
  scopes: ['predict'],
  createdBy: null,
  createdAtMs: 1_000,
  expiresAtMs: 11_000,
  revokedAtMs: null,
  replacedBy: null,
};

it('ends a key at the moment of its expiry', () => {
  expect(isValid(record, 10_999)).toBe(true);
  expect(isValid(record, 11_000)).toBe(false);
  expect(isValid({ ...record, expiresAtMs: null }, Number.MAX_SAFE_INTEGER)).toBe(true);
});

it('revokes once and for good', () => {
  const revoked = revoke(record, 3_000);
  expect(isValid(revoked, 3_000)).toBe(false);
  expect(revoke(revoked, 4_000).revokedAtMs).toBe(3_000);
});

it('counts on an administrator whose key does not end within a week, and on nobody else', () => {
  const weekMs = 7 * 24 * 3_600_000;
  const admin: KeyRecord = { ...record, scopes: ['admin'], expiresAtMs: null };
  expect(isLastingAdmin(admin, 2_000)).toBe(true);
  expect(isLastingAdmin({ ...admin, expiresAtMs: 2_001 + weekMs }, 2_000)).toBe(true);
  expect(isLastingAdmin({ ...admin, expiresAtMs: 2_000 + weekMs }, 2_000)).toBe(false);
  expect(isLastingAdmin({ ...admin, revokedAtMs: 1_500 }, 2_000)).toBe(false);
  expect(isLastingAdmin({ ...admin, scopes: ['predict', 'operate'] }, 2_000)).toBe(false);
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
  expect(isValid(old, 6_999)).toBe(true);
  expect(isValid(old, 7_000)).toBe(false);
  expect(isValid(fresh, 7_000)).toBe(true);
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
