/** One request and its answer: address, key, time-outs, repeats, and a refusal as an error. */
import { MillraceError, MillraceUnreachableError } from './errors.js';
import type { Problem } from './resources.js';
import { pause, pauseBeforeRetry } from './retries.js';

export interface ClientOptions {
  /** `http://127.0.0.1:3000` */
  readonly url: string;
  /** Sent as a bearer token. */
  readonly key?: string;
  /** How long an answer may take, on top of the time that the service was asked to wait; 30,000 unless given. */
  readonly timeoutMs?: number;
  /** How often a call is made again that may be; 3 unless given. */
  readonly retries?: number;
  /** Another `fetch`. */
  readonly fetch?: typeof fetch;
}

export interface Call {
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly json?: unknown;
  /** Makes a body that is sent as it stands, for each try. */
  readonly content?: () => AsyncIterable<Uint8Array> | string | Blob;
  /** Seconds that the service was asked to wait; Infinity for what takes as long as it takes. */
  readonly wait?: number;
  /** Twice does no more than once. */
  readonly repeatable?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Our own patience, in place of the usual. */
  readonly limit?: AbortSignal;
}

const TIMEOUT_MS = 30_000;
const RETRIES = 3;

export class Transport {
  readonly base: string;

  constructor(private readonly options: ClientOptions) {
    this.base = options.url.replace(/\/+$/, '');
  }

  get repeats(): boolean {
    return this.#retries > 0;
  }

  get #retries(): number {
    return this.options.retries ?? RETRIES;
  }

  /** @returns the answer's JSON */
  async json<T>(method: 'GET' | 'POST' | 'PUT', path: string, call: Call = {}): Promise<T> {
    return this.#again(method, call, async () => {
      const body = await readJson(await this.#accepted(method, path, call));
      call.signal?.throwIfAborted();
      if (typeof body !== 'object' || body === null) throw new MillraceUnreachableError(this.base);
      return body as T;
    });
  }

  /** @returns an answer whose body has yet to be read */
  async open(path: string, call: Call = {}): Promise<Response> {
    return this.#again('GET', call, async () => {
      // It is the answer that has to begin in time; reading it may take as long as it takes.
      const late = new AbortController();
      const timer = setTimeout(() => late.abort(), this.options.timeoutMs ?? TIMEOUT_MS);
      try {
        return await this.#accepted('GET', path, { ...call, limit: late.signal });
      } finally {
        clearTimeout(timer);
      }
    });
  }

  /** One try, whatever the answer. */
  async send(method: string, path: string, call: Call = {}): Promise<Response> {
    const send = this.options.fetch ?? fetch;
    try {
      return await send(this.base + path + queryOf(call.query ?? {}), this.#request(method, call));
    } catch (error) {
      // Given up by the caller, and not by us.
      call.signal?.throwIfAborted();
      throw new MillraceUnreachableError(this.base, { cause: error });
    }
  }

  async #again<T>(method: string, call: Call, once: () => Promise<T>): Promise<T> {
    const mayRepeat = call.repeatable ?? method === 'GET';
    for (let tries = 1; ; tries += 1) {
      try {
        return await once();
      } catch (error) {
        const pauseMs = mayRepeat && tries <= this.#retries ? pauseBeforeRetry(error, tries) : null;
        if (pauseMs === null) throw error;
        await pause(pauseMs, call.signal);
      }
    }
  }

  async #accepted(method: string, path: string, call: Call): Promise<Response> {
    const response = await this.send(method, path, call);
    if (response.ok) return response;
    throw new MillraceError(problemOf(response, await readJson(response)), retryAfterOf(response));
  }

  #request(method: string, { headers, json, content, wait = 0, signal, limit }: Call): RequestInit {
    const { key, timeoutMs = TIMEOUT_MS } = this.options;
    const request: RequestInit = {
      method,
      headers: {
        accept: 'application/json',
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...headers,
      },
    };
    const patience = Number.isFinite(wait) ? AbortSignal.timeout(wait * 1_000 + timeoutMs) : undefined;
    const limits = [signal, limit ?? patience].filter((one) => one !== undefined);
    if (limits.length > 0) request.signal = AbortSignal.any(limits);
    if (json !== undefined) request.body = JSON.stringify(json);
    // A body that is not in memory is sent as it comes; `fetch` wants that said.
    if (content !== undefined) Object.assign(request, { body: content(), duplex: 'half' });
    return request;
  }
}

export async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return null; // Not JSON: a proxy's page, or a connection that broke; the callers say what that means.
  }
}

function queryOf(query: Readonly<Record<string, string | number | undefined>>): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value));
  return given.size === 0 ? '' : `?${given.toString()}`;
}

function problemOf(response: Response, body: unknown): Problem {
  const fallback = { title: response.statusText || `HTTP ${response.status}`, status: response.status };
  return typeof body === 'object' && body !== null ? { ...fallback, ...body } : fallback;
}

/** Seconds, or a date, of which proxies are fond. */
function retryAfterOf({ headers }: Response): number | null {
  const text = headers.get('retry-after');
  if (text === null) return null;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1_000;
  return Number.isNaN(seconds) ? null : Math.max(0, seconds);
}
