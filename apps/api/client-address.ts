import type { FastifyRequest } from 'fastify';

const HOST = /^[A-Za-z0-9.-]+(:\d{1,5})?$|^\[[0-9A-Fa-f:.]+\](:\d{1,5})?$/;

/** The address under which a caller knows this API, for the links in its answers. */
export class ClientAddress {
  /** @param publicUrl what operators say it is; without it, the caller's own Host header is its best guess */
  constructor(
    private readonly publicUrl: string | undefined,
    private readonly fallback: string,
  ) {}

  baseUrl(request: FastifyRequest): string {
    if (this.publicUrl !== undefined) return this.publicUrl.replace(/\/$/, '');
    const { host } = request.headers;
    return `http://${host !== undefined && HOST.test(host) ? host : this.fallback}`;
  }
}
