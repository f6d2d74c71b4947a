/**
 * Says whether a webhook may go to a URL: by its text when it is given, by the addresses of its name at every send.
 *
 * A URL is parsed once, as the client that sends will parse it; rules are about the parsed parts. What a name resolves
 * to is checked address by address, and the connection goes to one of those that were checked.
 */
import { lookup as lookUpBySystem } from 'node:dns/promises';
import { isIP } from 'node:net';
import { isPublicAddress } from './addresses.js';
import { lookUpName, type ResolvedAddress } from './name-lookup.js';

export interface GuardOptions {
  /** Private addresses, plain http and any port: for a machine of one's own. */
  readonly allowPrivate: boolean;
  /** Added to a refusal that `allowPrivate` would lift. */
  readonly hint?: string;
  /** Every address of a name; unless given name servers are asked, and the system's resolver where private ones may be called. */
  readonly lookup?: (hostname: string) => Promise<readonly ResolvedAddress[]>;
}

export interface Refusal {
  readonly ok: false;
  readonly code: 'invalid_url' | 'forbidden_url' | 'unresolvable';
  /** The rest of a sentence that begins with the field's name. */
  readonly detail: string;
}

export type UrlVerdict = { readonly ok: true; readonly url: URL } | Refusal;
export type AddressVerdict = { readonly ok: true; readonly addresses: readonly ResolvedAddress[] } | Refusal;

const MOST_CHARACTERS = 2_048;
const PORTS: ReadonlySet<string> = new Set(['', '443', '8443']);
/** Names that mean the machine itself, or its own network, whatever a resolver says. */
const LOCAL_NAME =
  /(^|\.)(localhost|localdomain|local|internal|intranet|lan|home|corp|private|arpa|test|invalid|example|onion)$/;
/** Whitespace and control characters: a parser drops some of them silently, so they are refused before it. */
const STRAY = /[\s\p{Cc}\\]/u;

export class EndpointGuard {
  readonly #lookup: NonNullable<GuardOptions['lookup']>;

  constructor(private readonly options: GuardOptions) {
    this.#lookup = options.lookup ?? (options.allowPrivate ? lookUpPrivate : lookUpName);
  }

  /** What can be said without the network. */
  checkUrl(text: string): UrlVerdict {
    if (text.length > MOST_CHARACTERS) return invalid(`must be at most ${MOST_CHARACTERS} characters`);
    if (STRAY.test(text)) return invalid('must not contain spaces, backslashes or control characters');
    if (!URL.canParse(text)) return invalid('must be a URL, such as https://example.com/hook');
    const url = new URL(text);
    if (url.protocol !== 'https:' && url.protocol !== 'http:') return invalid('must begin with https://');
    if (!/^https?:\/\/[^/]/i.test(text)) return invalid('must name its host after https://');
    if (url.username !== '' || url.password !== '') return invalid('must not contain a user name or password');
    if (url.hash !== '' || text.includes('#')) return invalid('must not have a fragment (#)');
    if (url.port === '0') return invalid('must not use port 0');
    return this.options.allowPrivate ? { ok: true, url } : this.#checkPublic(url);
  }

  /** Every address of the URL's host, if every one of them may be called. */
  async resolve(url: URL): Promise<AddressVerdict> {
    const host = hostOf(url);
    const family = isIP(host);
    const addresses = family === 0 ? await this.#addressesOf(host) : [{ address: host, family }];
    if (addresses.length === 0)
      return { ok: false, code: 'unresolvable', detail: 'has a host name without an address' };
    const isAllowed = ({ address }: ResolvedAddress): boolean => this.allows(address);
    return addresses.every(isAllowed)
      ? { ok: true, addresses }
      : this.#forbid('leads to an address that is not public');
  }

  /** Whether this very address may be called; asked again of a connection that stands. */
  allows(address: string): boolean {
    return this.options.allowPrivate || isPublicAddress(address);
  }

  async #addressesOf(host: string): Promise<readonly ResolvedAddress[]> {
    try {
      return await this.#lookup(host);
    } catch {
      return []; // The resolver's own words are about our network.
    }
  }

  #checkPublic(url: URL): UrlVerdict {
    if (url.protocol !== 'https:') return this.#forbid('must begin with https://');
    if (!PORTS.has(url.port)) return this.#forbid('must use port 443 or 8443');
    const host = hostOf(url);
    if (isIP(host) !== 0) {
      return isPublicAddress(host) ? { ok: true, url } : this.#forbid('must be a public address');
    }
    const name = host.replace(/\.$/, '');
    if (!name.includes('.') || LOCAL_NAME.test(name)) return this.#forbid('must name a host of the public Internet');
    return { ok: true, url };
  }

  #forbid(detail: string): Refusal {
    const { hint } = this.options;
    return { ok: false, code: 'forbidden_url', detail: hint === undefined ? detail : `${detail} (${hint})` };
  }
}

/** Knows the machine itself, and its neighbours in a composition of containers. */
function lookUpPrivate(hostname: string): Promise<readonly ResolvedAddress[]> {
  return lookUpBySystem(hostname, { all: true, verbatim: true });
}

/** Without the brackets of an IPv6 literal. */
export function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

function invalid(detail: string): Refusal {
  return { ok: false, code: 'invalid_url', detail };
}
