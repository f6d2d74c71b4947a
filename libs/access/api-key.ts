/**
 * The text of an API key, which its owner is shown once:
 *
 *     mr_live_ | random (30) | checksum (6)          44 characters, base 62: 0-9 A-Z a-z
 *
 * 178 random bits cannot be guessed, so a fast hash is enough to store. The checksum is the CRC-32 of all that comes
 * before it: a mistyped key is refused without a look into any store.
 */
import { createHash, randomInt, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { type Caller, isValid, type KeyIdentity, type KeyRecord } from '#domain/key-record';

const PREFIX = 'mr_live_';
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const RANDOM_LENGTH = 30;
const CHECKSUM_LENGTH = 6;
const ID_LENGTH = 8;
const KEY = /^mr_live_[0-9A-Za-z]{36}$/;

/** A new key's text; whoever calls shows it once and keeps only what `parseApiKey` says of it. */
export function newApiKey(): string {
  const random = Array.from({ length: RANDOM_LENGTH }, () => DIGITS.charAt(randomInt(DIGITS.length))).join('');
  return PREFIX + random + checksum(PREFIX + random);
}

/** @returns id and digest, or null for a text that is no key */
export function parseApiKey(text: string): KeyIdentity | null {
  if (!KEY.test(text)) return null;
  const body = text.slice(0, -CHECKSUM_LENGTH);
  if (checksum(body) !== text.slice(-CHECKSUM_LENGTH)) return null;
  return {
    id: text.slice(PREFIX.length, PREFIX.length + ID_LENGTH),
    digest: createHash('sha256').update(text).digest('hex'),
  };
}

/** @returns the caller, or null where the key is another, has expired or was revoked */
export function admit(record: KeyRecord, key: KeyIdentity, nowMs: number): Caller | null {
  if (!sameDigest(record.digest, key.digest) || !isValid(record, nowMs)) return null;
  return { client: record.client, keyId: record.id, scopes: record.scopes };
}

/** Compares two digests in a time that does not depend on where they differ. */
export function sameDigest(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function checksum(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let i = 0; i < CHECKSUM_LENGTH; i += 1) {
    digits = DIGITS.charAt(rest % DIGITS.length) + digits;
    rest = Math.floor(rest / DIGITS.length);
  }
  return digits;
}
