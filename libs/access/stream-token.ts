/**
 * What opens one stream of events and nothing else, for clients that cannot send a header with it: a browser's
 * `EventSource`, the stream of published clients.
 *
 *     <id of the API key>.<HMAC-SHA256 of the subject's id, 22 characters, base64url>
 *
 * It is made with the digest of the key that asked for the stream's address, so no further secret has to be kept, and it
 * ends when the key does: rotated, expired or revoked.
 */
import { createHmac } from 'node:crypto';
import type { KeyIdentity } from '#domain/key-record';

const MAC_LENGTH = 22;
const TOKEN = /^([0-9A-Za-z]{8})\.([0-9A-Za-z_-]{22})$/;

export interface StreamToken {
  readonly keyId: string;
  readonly mac: string;
}

/** @param subject id of the prediction or batch */
export function newStreamToken(key: KeyIdentity, subject: string): string {
  return `${key.id}.${macOf(key, subject)}`;
}

/** @returns null for a text that is not a token */
export function parseStreamToken(text: string): StreamToken | null {
  const [, keyId, mac] = TOKEN.exec(text) ?? [];
  return keyId === undefined || mac === undefined ? null : { keyId, mac };
}

/** 128 bits and a little more. */
export function macOf({ digest }: KeyIdentity, subject: string): string {
  return createHmac('sha256', digest).update(`stream\0${subject}`).digest('base64url').slice(0, MAC_LENGTH);
}
