/** What is kept of an API key, and what may become of it. Times are milliseconds since the epoch. */
export const SCOPES = ['predict', 'label', 'deploy', 'operate', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** What of a key may be kept: nothing that could be sent as one. */
export interface KeyIdentity {
  /** Public: the first 8 random characters. Logs and listings name the key by it. */
  readonly id: string;
  /** SHA-256 of the key's text, 64 hex. */
  readonly digest: string;
}

export interface KeyRecord extends KeyIdentity {
  /** Whose key it is; several keys may belong to one client. */
  readonly client: string;
  /** What it is for, in its owner's words. */
  readonly name: string | null;
  readonly scopes: readonly Scope[];
  /** Id of the key that made it; null for the first. */
  readonly createdBy: string | null;
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
  /** Null where keys are off. */
  readonly keyId: string | null;
  readonly scopes: readonly Scope[];
}

/** `admin` includes all others. */
export function allows({ scopes }: Pick<Caller, 'scopes'>, needed: Scope): boolean {
  return scopes.includes(needed) || scopes.includes('admin');
}

export function isValid(record: KeyRecord, nowMs: number): boolean {
  return record.revokedAtMs === null && (record.expiresAtMs === null || nowMs < record.expiresAtMs);
}

/** Whether the key lets an administrator in now. */
export function isAdmin(record: KeyRecord, nowMs: number): boolean {
  return record.scopes.includes('admin') && isValid(record, nowMs);
}

/** For this long an administrator's key must remain valid to count: time to notice that it ends, and to make another. */
const LASTING_MS = 7 * 24 * 3_600_000;

/** Whether the key will still let an administrator in when those that end soon have ended. */
export function isLastingAdmin(record: KeyRecord, nowMs: number): boolean {
  return isAdmin(record, nowMs + LASTING_MS);
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
export function rotate(record: KeyRecord, key: KeyIdentity, nowMs: number, overlapMs: number): Rotation | null {
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
