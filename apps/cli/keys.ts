/** `millrace keys`: who may call a fleet. Needs a key with the scope `admin`. */
import { newApiKey } from '#access/api-key';
import type { ApiKey, CreateApiKey, NewApiKey } from '#client/millrace-client';
import { renderTable } from './table.js';
import { clientOf, type Target } from './target.js';

export interface CreateKeyOptions {
  readonly client: string;
  readonly scopes: readonly string[];
  readonly name?: string;
  /** RFC 3339. */
  readonly expires?: string;
  readonly json: boolean;
}

export async function createKey(target: Target, options: CreateKeyOptions): Promise<void> {
  const { client, scopes, name, expires } = options;
  const key = await clientOf(target).createKey({
    client,
    // Which there are is the service's to say: it may be newer than this command.
    scopes: scopes as CreateApiKey['scopes'],
    ...(name === undefined ? {} : { name }),
    ...(expires === undefined ? {} : { expires_at: expires }),
  });
  printNew(key, options.json);
}

export async function listKeys(target: Target, asJson: boolean): Promise<void> {
  const keys = await clientOf(target).keys();
  if (asJson) return console.log(JSON.stringify(keys));
  const header = ['id', 'client', 'scopes', 'status', 'expires', 'last used', 'name'];
  console.log(renderTable(header, keys.map(rowOf)));
}

export async function rotateKey(
  target: Target,
  id: string,
  options: { overlapSeconds: number | undefined; json: boolean },
): Promise<void> {
  const key = await clientOf(target).rotateKey(id, options.overlapSeconds);
  printNew(key, options.json);
}

export async function revokeKey(target: Target, id: string, asJson: boolean): Promise<void> {
  const key = await clientOf(target).revokeKey(id);
  console.log(asJson ? JSON.stringify(key) : `The key ${key.id} of ${key.client} is revoked.`);
}

/** A key for `BOOTSTRAP_KEY_FILE`, made here: no fleet knows it before it starts with it. */
export function generateKey(): void {
  console.log(newApiKey());
}

function printNew(key: NewApiKey, asJson: boolean): void {
  if (asJson) return console.log(JSON.stringify(key));
  console.log(key.key);
  // Beside the key, so that `key=$(millrace keys create ...)` holds the key alone.
  console.error(
    `A key of ${key.client} for ${key.scopes.join(', ')}. It is shown only this once; its id is ${key.id}.`,
  );
}

function rowOf(key: ApiKey): string[] {
  const { id, client, scopes, status, expires_at: expires, last_used_at: used, name, replaced_by: next } = key;
  const state = next === null ? status : `${status}, replaced by ${next}`;
  return [id, client, scopes.join(' '), state, expires ?? 'never', used ?? 'never', name ?? ''];
}
