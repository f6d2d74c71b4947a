import type { FastifyRequest } from 'fastify';

const HOST = /^[A-Za-z0-9.-]+(:\d{1,5})?$|^\[[0-9A-Fa-f:.]+\](:\d{1,5})?$/;

/** The address under which a caller knows this API, for the links in its answers. */
export class ClientAddress {
  readonly #publicUrl: string | undefined;
  readonly #fallbackUrl: string;
  /** The last good one: callers come by few. */
  #last: { readonly host: string; readonly url: string } | null = null;

  /** @param publicUrl what operators say it is; without it, the caller's own Host header is its best guess */
  constructor(publicUrl: string | undefined, fallback: string) {
    this.#fallbackUrl = `http://${fallback}`;
    this.#publicUrl = publicUrl?.replace(/\/$/, '');
  }

  baseUrl(request: FastifyRequest): string {
    if (this.#publicUrl !== undefined) return this.#publicUrl;
    const { host } = request.headers;
    if (host !== undefined && host === this.#last?.host) return this.#last.url;
    if (host === undefined || !HOST.test(host)) return this.#fallbackUrl;
    this.#last = { host, url: `http://${host}` };
    return this.#last.url;
  }
}
