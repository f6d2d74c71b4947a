/** What an administrator does with keys. Each change is decided on what was read and refused if that has changed. */
import { newApiKey, parseApiKey } from '#access/api-key';
import { notFound, problem, ProblemError } from '#contract/problem';
import { type Caller, isAdmin, isLastingAdmin, type KeyRecord, revoke, rotate, type Scope } from '#domain/key-record';
import type { KeyChange, KeyStore } from '#queue/key-store';
import type { KeyWatch } from './key-watch.js';

export interface NewKey {
  readonly client: string;
  readonly name: string | null;
  readonly scopes: readonly Scope[];
  readonly expiresAtMs: number | null;
}

/** A key that exists from now on, with its text, which nobody can read again. */
export interface MadeKey {
  readonly text: string;
  readonly record: KeyRecord;
}

/** Two administrators at one key: one of them tries again, and the third time is a problem of another kind. */
const TRIES = 3;

const LAST_ADMIN =
  'No other key with the scope admin stays valid for a week: first create one that expires later or never.';

export class ManageKeys {
  constructor(
    private readonly store: KeyStore,
    private readonly watch: KeyWatch,
  ) {}

  async list(): Promise<{ records: readonly KeyRecord[]; lastUses: ReadonlyMap<string, number> }> {
    const [records, lastUses] = await Promise.all([this.store.list(), this.store.lastUses()]);
    return { records: records.toSorted((a, b) => b.createdAtMs - a.createdAtMs), lastUses };
  }

  async show(id: string): Promise<{ record: KeyRecord; lastUsedMs: number | null }> {
    const [record, lastUses] = await Promise.all([this.#find(id), this.store.lastUses()]);
    return { record, lastUsedMs: lastUses.get(id) ?? null };
  }

  async create(key: NewKey, by: Caller): Promise<MadeKey> {
    const made = make({ ...key, createdBy: by.keyId, createdAtMs: Date.now() });
    await this.#change([{ from: null, to: made.record }]);
    return made;
  }

  /** The old key stays valid for the overlap, so that its owner can change over without a pause. */
  async rotate(id: string, overlapMs: number): Promise<MadeKey> {
    return this.#retry(async () => {
      const record = await this.#find(id);
      const text = newApiKey();
      const rotation = rotate(record, identityOf(text), Date.now(), overlapMs);
      if (rotation === null) throw conflict('key_not_rotatable', endedBecause(record));
      const changed = await this.#change([
        { from: record, to: rotation.old },
        { from: null, to: rotation.fresh },
      ]);
      return changed ? { text, record: rotation.fresh } : null;
    });
  }

  async revoke(id: string): Promise<KeyRecord> {
    return this.#retry(async () => {
      const records = await this.store.list();
      const record = records.find((one) => one.id === id);
      if (record === undefined) throw notFound('There is no such key.');
      const now = Date.now();
      const revoked = revoke(record, now);
      const changes = [{ from: record, to: revoked }, ...stays(keeperFor(record, records, now))];
      return (await this.#change(changes)) ? revoked : null;
    });
  }

  async #find(id: string): Promise<KeyRecord> {
    const record = (await this.store.list()).find((one) => one.id === id);
    if (record === undefined) throw notFound('There is no such key.');
    return record;
  }

  /** This process knows at once, the others within seconds. */
  async #change(changes: readonly KeyChange[]): Promise<boolean> {
    const changed = await this.store.change(changes);
    await this.watch.look();
    return changed;
  }

  async #retry<T>(attempt: () => Promise<T | null>): Promise<T> {
    for (let i = 0; i < TRIES; i += 1) {
      const done = await attempt();
      if (done !== null) return done;
    }
    throw conflict('key_changed', 'The key is being changed by somebody else right now.');
  }
}

export function make(
  key: Omit<KeyRecord, 'id' | 'digest' | 'revokedAtMs' | 'replacedBy'>,
  text = newApiKey(),
): MadeKey {
  return { text, record: { ...identityOf(text), ...key, revokedAtMs: null, replacedBy: null } };
}

function identityOf(text: string): Pick<KeyRecord, 'id' | 'digest'> {
  const identity = parseApiKey(text);
  if (identity === null) throw new Error('A key that was just made is not well-formed.');
  return identity;
}

/**
 * @returns the administrator who can still enter when `record` is revoked; null where none is needed
 * @throws ProblemError where there is none
 */
function keeperFor(record: KeyRecord, records: readonly KeyRecord[], nowMs: number): KeyRecord | null {
  if (!isAdmin(record, nowMs)) return null;
  const keeper = records.find((one) => one.id !== record.id && isLastingAdmin(one, nowMs));
  if (keeper === undefined) throw conflict('last_admin_key', LAST_ADMIN);
  return keeper;
}

/** Refuses the whole change if the key has changed: two administrators cannot revoke each other at once. */
function stays(record: KeyRecord | null): readonly KeyChange[] {
  return record === null ? [] : [{ from: record, to: record }];
}

function endedBecause(record: KeyRecord): string {
  if (record.replacedBy !== null) return `The key was rotated before; its successor is ${record.replacedBy}.`;
  return record.revokedAtMs === null ? 'The key has expired.' : 'The key was revoked.';
}

function conflict(code: string, detail: string): ProblemError {
  return new ProblemError(problem(409, code, detail));
}
