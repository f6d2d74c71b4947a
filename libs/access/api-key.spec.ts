import fc from 'fast-check';
import { expect, it } from 'vitest';
import { admit, newApiKey, parseApiKey, sameDigest } from './api-key.js';

it('reads the id and the digest out of a key, and no secret', () => {
  const text = newApiKey();
  expect(text).toMatch(/^mr_live_[0-9A-Za-z]{36}$/);
  const key = parseApiKey(text)!;
  expect(key.id).toBe(text.slice(8, 16));
  expect(key.digest).toMatch(/^[0-9a-f]{64}$/);
  expect(Object.keys(key)).toEqual(['id', 'digest']);
});

it('never makes the same key twice', () => {
  expect(new Set(Array.from({ length: 2_000 }, newApiKey)).size).toBe(2_000);
});

it('refuses a key with any one character changed', () => {
  const text = newApiKey();
  for (let i = 0; i < text.length; i += 1) {
    const wrong = text.slice(0, i) + (text[i] === 'a' ? 'b' : 'a') + text.slice(i + 1);
    expect(parseApiKey(wrong), `character ${i}`).toBeNull();
  }
});

it('refuses what is no key', () => {
  const text = newApiKey();
  const around = [`${text}\n`, ` ${text}`, `${text} `, `${text}\0`, text.slice(0, -1), `Bearer ${text}`];
  const other = ['', 'mr_live_', text.toUpperCase(), text.replace('live', 'test'), text.replace('m', '\uFF4D')];
  for (const wrong of [...around, ...other, 'a'.repeat(10_000)]) expect(parseApiKey(wrong)).toBeNull();
  fc.assert(fc.property(fc.string(), (any) => parseApiKey(any) === null));
});

it('compares digests whole', () => {
  expect(sameDigest('ab', 'ab')).toBe(true);
  for (const other of ['ac', 'a', 'abc', '']) expect(sameDigest('ab', other)).toBe(false);
});

it('admits the holder of the key as its client, and nobody else', () => {
  const key = parseApiKey(newApiKey())!;
  const record = {
    ...key,
    client: 'acme',
    name: null,
    scopes: ['predict'] as const,
    createdBy: null,
    createdAtMs: 1_000,
    expiresAtMs: 11_000,
    revokedAtMs: null,
    replacedBy: null,
  };
  expect(admit(record, key, 2_000)).toEqual({ client: 'acme', keyId: key.id, scopes: ['predict'] });
  expect(admit(record, { ...parseApiKey(newApiKey())!, id: key.id }, 2_000)).toBeNull();
  expect(admit(record, key, 11_000)).toBeNull();
});
