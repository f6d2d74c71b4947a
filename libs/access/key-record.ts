/** What is kept of an API key, and what may become of it. Times are milliseconds since the epoch. */
import { type ApiKey, sameDigest } from './api-key.js';

export const SCOPES = ['predict', 'label', 'deploy', 'operate', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

export interface KeyRecord extends ApiKey {
  /** Whose key it is; several keys may belong to one client. */
  readonly client: string;
  readonly scopes: readonly Scope[];
  readonly createdAtMs: number;
  /** From this moment on it is valid no more; null: no end. */
  readonly expiresAtMs: number | null;
  readonly revokedAtMs: number | null;
  /** The key that takes its place, once it was rotated. */
  readonly replacedBy: string | null;
}

/** Who calls, for everything behind the door. */
export interface Caller {
  readonly client: string;
  readonly keyId: string;
  readonly scopes: readonly Scope[];
}

/** `admin` includes all others. */
export function allows({ scopes }: Pick<Caller, 'scopes'>, needed: Scope): boolean {
  return scopes.includes(needed) || scopes.includes('admin');
}

export function isValid(record: KeyRecord, nowMs: number): boolean {
  return record.revokedAtMs === null && (record.expiresAtMs === null || nowMs < record.expiresAtMs);
}

/** @returns the caller, or null where the key is another, has expired or was revoked */
export function admit(record: KeyRecord, key: ApiKey, nowMs: number): Caller | null {
  if (!sameDigest(record.digest, key.digest) || !isValid(record, nowMs)) return null;
  return { client: record.client, keyId: record.id, scopes: record.scopes };
}

/** A key that was revoked stays revoked since then. */
export function revoke(record: KeyRecord, nowMs: number): KeyRecord {
  return record.revokedAtMs === null ? { ...record, revokedAtMs: nowMs } : record;
}

export interface Rotation {
  /** The old key, valid until the overlap ends, and never longer than it was. */
  readonly old: KeyRecord;
  /** The new one: the same client, scopes and length of life. */
  readonly fresh: KeyRecord;
}

/** @returns both keys, or null where the old one is no longer valid or was rotated before */
export function rotate(record: KeyRecord, key: ApiKey, nowMs: number, overlapMs: number): Rotation | null {
  if (!isValid(record, nowMs) || record.replacedBy !== null) return null;
  const { expiresAtMs, createdAtMs } = record;
  const fresh: KeyRecord = {
    ...record,
    ...key,
    createdAtMs: nowMs,
    expiresAtMs: expiresAtMs === null ? null : nowMs + (expiresAtMs - createdAtMs),
  };
  const endsAtMs = Math.min(expiresAtMs ?? Infinity, nowMs + overlapMs);
  return { old: { ...record, expiresAtMs: endsAtMs, replacedBy: fresh.id }, fresh };
}
