import { expect, it } from 'vitest';
import type { KeyRecord } from '#domain/key-record';
import { newApiKey, parseApiKey } from './api-key.js';
import { KeyRing } from './key-ring.js';
import { admitSession, newSession, SESSION_MS } from './operator-session.js';

const NOW = 1_764_115_200_000;

function recordOf(change: Partial<KeyRecord> = {}): KeyRecord {
  return {
    ...parseApiKey(newApiKey())!,
    client: 'operators',
    name: null,
    scopes: ['operate'],
    createdBy: null,
    createdAtMs: NOW,
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

it('lets its operator in for a working day, and not a moment longer', () => {
  const record = recordOf();
  const session = newSession(record, NOW);
  const caller = { client: 'operators', keyId: record.id, scopes: ['operate'] };
  expect(admitSession(ringOf(record), session, NOW)).toEqual(caller);
  expect(admitSession(ringOf(record), session, NOW + SESSION_MS - 1)).toEqual(caller);
  expect(admitSession(ringOf(record), session, NOW + SESSION_MS)).toBeNull();
});

it('ends with its key: when that is revoked, has expired, loses its scope, or is forgotten', () => {
  const record = recordOf();
  const session = newSession(record, NOW);
  expect(admitSession(ringOf({ ...record, revokedAtMs: NOW }), session, NOW + 1)).toBeNull();
  expect(admitSession(ringOf({ ...record, expiresAtMs: NOW + 1 }), session, NOW + 1)).toBeNull();
  expect(admitSession(ringOf({ ...record, scopes: ['predict', 'deploy'] }), session, NOW + 1)).toBeNull();
  expect(admitSession(ringOf(), session, NOW + 1)).toBeNull();
});

it('cannot be made longer, taken for another key, or made up', () => {
  const [record, other] = [recordOf(), recordOf()];
  const ring = ringOf(record, other);
  const session = newSession(record, NOW);
  const [id = '', end = '', signature = ''] = session.split('.');
  const forged = [
    `${id}.${Number(end) + 1}.${signature}`,
    `${other.id}.${end}.${signature}`,
    `${id}.${end}.${'A'.repeat(43)}`,
    `${id}.${end}.`,
    `${id}.${end}`,
    record.id,
    record.digest,
    '',
    `${session}.`,
    ` ${session}`,
  ];
  expect(forged.filter((text) => admitSession(ring, text, NOW) !== null)).toEqual([]);
});
