/** Callers of a fleet that has keys on. */
import { randomBytes } from 'node:crypto';
import type { FleetProcess } from './fleet.js';
import type { Answer, Body, Call } from './http.js';

/** Somebody with a key: calls as it would. */
export class Caller {
  constructor(
    readonly api: FleetProcess,
    readonly key: string,
  ) {}

  call(method: string, route: string, { headers, ...rest }: Call = {}): Promise<Answer> {
    return this.api.call(method, route, { ...rest, headers: { ...bearer(this.key), ...headers } });
  }

  /** The same caller at another process. */
  at(api: FleetProcess): Caller {
    return new Caller(api, this.key);
  }

  /** Makes a key; this caller must be an administrator. */
  async make(
    scopes: readonly string[],
    client = `c-${randomBytes(4).toString('hex')}`,
  ): Promise<Caller & { id: string }> {
    const { status, json, text } = await this.call('POST', '/v1/keys', { body: { client, scopes } });
    if (status !== 201) throw new Error(`a key was answered with ${status}: ${text}`);
    return Object.assign(new Caller(this.api, json.key), { id: json.id });
  }

  async keys(): Promise<readonly Body[]> {
    return (await this.call('GET', '/v1/keys')).json.results;
  }
}

export function bearer(key: string): Record<string, string> {
  return { authorization: `Bearer ${key}` };
}
