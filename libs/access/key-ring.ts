/** The keys that a process knows, and who calls with one. */
import { type Caller, isValid, type KeyRecord } from '#domain/key-record';
import { admit, parseApiKey, sameDigest } from './api-key.js';
import { macOf, parseStreamToken } from './stream-token.js';

export type Identified =
  | { readonly kind: 'caller'; readonly caller: Caller }
  /** It has the form of a key, and this ring has no valid one like it; a newer ring may. */
  | { readonly kind: 'unknown' }
  /** It was never a key. */
  | { readonly kind: 'malformed' };

export class KeyRing {
  #records: ReadonlyMap<string, KeyRecord> = new Map();

  /** Takes the place of all that was known before: what is not in `records` is no key any more. */
  replace(records: readonly KeyRecord[]): void {
    this.#records = new Map(records.map((record) => [record.id, record]));
  }

  get(id: string): KeyRecord | undefined {
    return this.#records.get(id);
  }

  all(): KeyRecord[] {
    return [...this.#records.values()];
  }

  identify(text: string, nowMs: number): Identified {
    const key = parseApiKey(text);
    if (key === null) return { kind: 'malformed' };
    const record = this.#records.get(key.id);
    const caller = record === undefined ? null : admit(record, key, nowMs);
    return caller === null ? { kind: 'unknown' } : { kind: 'caller', caller };
  }

  /** By what opens the stream of `subject`: its caller is the owner of the key that it was made with. */
  identifyByToken(text: string, subject: string, nowMs: number): Identified {
    const token = parseStreamToken(text);
    if (token === null) return { kind: 'malformed' };
    const record = this.#records.get(token.keyId);
    if (record === undefined || !isValid(record, nowMs)) return { kind: 'unknown' };
    if (!sameDigest(macOf(record, subject), token.mac)) return { kind: 'malformed' };
    const { client, id: keyId, scopes } = record;
    return { kind: 'caller', caller: { client, keyId, scopes } };
  }
}
