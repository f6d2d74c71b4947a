/**
 * What an operator's browser keeps instead of a key:
 *
 *     key id (8) | . | end, milliseconds since the epoch | . | HMAC-SHA-256 of both, base64url
 *
 * It is signed with the digest of the key's text, which every process of the API knows and no client does: so it is
 * valid in all of them, and no longer than the key itself.
 */
import { createHmac } from 'node:crypto';
import { allows, type Caller, isValid, type KeyRecord } from '#domain/key-record';
import { sameDigest } from './api-key.js';
import type { KeyRing } from './key-ring.js';

/** A working day: who signed in in the morning is asked again the next one. */
export const SESSION_MS = 12 * 3_600_000;

const SESSION = /^([0-9A-Za-z]{8})\.(\d{13})\.([\w-]{43})$/;

/** @param record of a key with the scope `operate` */
export function newSession(record: KeyRecord, nowMs: number): string {
  const content = `${record.id}.${nowMs + SESSION_MS}`;
  return `${content}.${signatureOf(content, record)}`;
}

/** @returns the operator, or null where the session has ended, its key is valid no more, or nobody here signed it */
export function admitSession(ring: KeyRing, session: string, nowMs: number): Caller | null {
  const [, id = '', endsAtMs = '', signature = ''] = SESSION.exec(session) ?? [];
  const record = ring.get(id);
  if (record === undefined || Number(endsAtMs) <= nowMs || !isValid(record, nowMs)) return null;
  if (!sameDigest(signature, signatureOf(`${id}.${endsAtMs}`, record))) return null;
  return allows(record, 'operate') ? { client: record.client, keyId: record.id, scopes: record.scopes } : null;
}

function signatureOf(content: string, { digest }: KeyRecord): string {
  return createHmac('sha256', digest).update(`operator ${content}`).digest('base64url');
}
