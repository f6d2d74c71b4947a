/**
 * Where Redis is: `REDIS_URL` in its three forms.
 *
 *   redis://[user:password@]host[:port][/db]                       one node, or whatever follows the primary by itself
 *   redis+cluster://[user:password@]host[:port],host[:port],...    some nodes of a cluster; they name the others
 *   redis+sentinel://[user:password@]host[:port],.../name          sentinels, and the name under which they watch
 *
 * `rediss` instead of `redis` speaks TLS to every one of them. User and password are Redis's own; sentinels that ask for
 * one have it in `?sentinel_password=`.
 */
export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

interface Common {
  readonly hosts: readonly RedisHost[];
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: boolean;
}

export type RedisAddress =
  | { readonly kind: 'single'; readonly url: string }
  | (Common & { readonly kind: 'cluster' })
  | (Common & {
      readonly kind: 'sentinel';
      /** Of the primary, as the sentinels know it. */
      readonly name: string;
      readonly sentinelPassword: string | undefined;
    });

export const REDIS_URL_RULE =
  'must look like redis://[user:password@]host:6379 (rediss:// for TLS), redis+cluster://host:6379,host:6379 ' +
  'or redis+sentinel://host:26379,host:26379/name';

const SEVERAL =
  /^redis(?<tls>s?)\+(?<kind>cluster|sentinel):\/\/(?:(?<user>[^@/]*)@)?(?<hosts>[^@/?]+)(?:\/(?<name>[\w.-]*))?(?:\?(?<query>.*))?$/;
const PORTS = { cluster: 6379, sentinel: 26379 };

/** @returns null where the text has none of the three forms */
export function parseRedisAddress(text: string): RedisAddress | null {
  const groups = SEVERAL.exec(text)?.groups;
  if (groups === undefined) return parseSingle(text);
  const kind = groups['kind'] === 'cluster' ? 'cluster' : 'sentinel';
  const hosts = (groups['hosts'] ?? '').split(',').map((one) => parseHost(one, PORTS[kind]));
  const user = parseUser(groups['user'] ?? '');
  if (user === null || !hosts.every((host) => host !== null)) return null;
  const common = { hosts, ...user, tls: groups['tls'] === 's' };
  const name = groups['name'] ?? '';
  if (kind === 'cluster') return name === '' ? { kind, ...common } : null;
  const sentinelPassword = new URLSearchParams(groups['query']).get('sentinel_password') ?? undefined;
  return name === '' ? null : { kind, ...common, name, sentinelPassword };
}

function parseSingle(text: string): RedisAddress | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isRedis = url !== null && ['redis:', 'rediss:'].includes(url.protocol) && url.hostname !== '';
  return isRedis ? { kind: 'single', url: text } : null;
}

function parseHost(text: string, port: number): RedisHost | null {
  const address = `redis://${text}`;
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  // A URL writes IPv6 addresses in brackets, a socket without.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return host === '' ? null : { host, port: url.port === '' ? port : Number(url.port) };
}

function parseUser(text: string): Pick<Common, 'username' | 'password'> | null {
  const colon = text.indexOf(':');
  const [name, password] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  try {
    const [username, secret] = [name, password].map((part) => decodeURIComponent(part) || undefined);
    return { username, password: secret };
  } catch {
    return null;
  }
}
