/**
 * Sends one webhook message to one URL, and says what came of it.
 *
 * The receiver is a stranger: it may be slow, endless, gone, or inside our own network. So the whole exchange has one
 * time limit, little of the answer is read, redirects are not followed, and the connection goes to an address that the
 * guard has allowed. Connections are kept for a moment, since a busy receiver gets many messages.
 */
import type { LookupFunction, Socket } from 'node:net';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import type { EndpointGuard, Refusal } from './endpoint-guard.js';

export interface Message {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The exact bytes that were signed. */
  readonly body: Uint8Array;
}

export type Attempt =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** When the receiver wants to be asked again, milliseconds from now. */
      readonly retryAfterMs: number | null;
      readonly durationMs: number;
    }
  | { readonly kind: 'unreachable'; readonly code: UnreachableCode; readonly durationMs: number };

export type UnreachableCode =
  /** The URL, or the address behind it, may not be called. */
  | 'forbidden_url'
  /** The name has no address. */
  | 'unresolvable'
  | 'refused'
  | 'reset'
  | 'tls'
  | 'timeout'
  /** No network, or an answer that is no HTTP. */
  | 'failed';

export interface ClientOptions {
  readonly guard: EndpointGuard;
  /** For the whole exchange, name look-up and answer included. */
  readonly timeoutMs?: number;
  /** Bytes of an answer that are read before the connection is closed. */
  readonly maxAnswerBytes?: number;
}

const TIMEOUT_MS = 15_000;
const MOST_ANSWER_BYTES = 65_536;
const IDLE_MS = 4_000;

class ForbiddenAddressError extends Error {
  constructor(readonly refusal: Pick<Refusal, 'code'>) {
    super('The address is not allowed.');
  }
}

export class WebhookClient {
  readonly #agent: Agent;
  readonly #guard: EndpointGuard;
  readonly #timeoutMs: number;
  readonly #maxAnswerBytes: number;

  constructor({ guard, timeoutMs = TIMEOUT_MS, maxAnswerBytes = MOST_ANSWER_BYTES }: ClientOptions) {
    this.#guard = guard;
    this.#timeoutMs = timeoutMs;
    this.#maxAnswerBytes = maxAnswerBytes;
    this.#agent = new Agent({
      connect: guardedConnector(guard, timeoutMs),
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
      // As many as there are messages on their way: how many that are, the caller says. A message that waited for the
      // connection of a slower one would have that counted as its own receiver's slowness.
      connections: null,
      pipelining: 1,
      maxHeaderSize: 16_384,
      // One limit for everything: the signal of each send.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** Never throws for what a receiver does. */
  async send({ url: text, headers, body }: Message): Promise<Attempt> {
    const begunAt = performance.now();
    const durationMs = (): number => Math.round(performance.now() - begunAt);
    const verdict = this.#guard.checkUrl(text);
    if (!verdict.ok) return { kind: 'unreachable', code: 'forbidden_url', durationMs: 0 };
    try {
      const answer = await this.#exchange(verdict.url, headers, body);
      return { kind: 'answered', ...answer, durationMs: durationMs() };
    } catch (error) {
      return { kind: 'unreachable', code: codeOf(error), durationMs: durationMs() };
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #exchange(
    url: URL,
    headers: Message['headers'],
    body: Uint8Array,
  ): Promise<{ status: number; retryAfterMs: number | null }> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(new DOMException('too slow', 'TimeoutError')), this.#timeoutMs);
    try {
      const answer = await this.#agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: 'POST',
        headers: { ...headers, accept: '*/*' },
        body,
        signal: limit.signal,
      });
      await this.#drain(answer.body);
      return { status: answer.statusCode, retryAfterMs: retryAfterMs(answer.headers['retry-after'], Date.now()) };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Reads a short answer to its end, so that the connection can be used again, and drops a long one. */
  async #drain(body: Dispatcher.ResponseData['body']): Promise<void> {
    let bytes = 0;
    for await (const chunk of body) {
      bytes += (chunk as Buffer).length;
      // Leaving the loop closes the connection.
      if (bytes > this.#maxAnswerBytes) return;
    }
  }
}

/** A name is looked up by the guard and nobody else, and where the connection has gone is looked at once more. */
function guardedConnector(guard: EndpointGuard, timeoutMs: number): buildConnector.connector {
  const connect = buildConnector({ timeout: timeoutMs, lookup: guardedLookup(guard), autoSelectFamily: true });
  return (options, callback) => {
    // Node does not look up IP literals, so the lookup hook never sees them.
    if (!guard.checkUrl(`${options.protocol}//${options.host ?? options.hostname}/`).ok) {
      return callback(new ForbiddenAddressError({ code: 'forbidden_url' }), null);
    }
    connect(options, (...args: Parameters<buildConnector.Callback>) => {
      const [error, socket] = args;
      if (error !== null) return callback(error, null);
      if (guard.allows(peerOf(socket))) return callback(null, socket);
      socket.destroy();
      callback(new ForbiddenAddressError({ code: 'forbidden_url' }), null);
    });
  };
}

function guardedLookup(guard: EndpointGuard): LookupFunction {
  return (hostname, options, callback) => {
    void guard.resolve(new URL(`https://${hostname}/`)).then((verdict) => {
      if (!verdict.ok) return callback(new ForbiddenAddressError(verdict), [], 0);
      if (options.all === true) return callback(null, [...verdict.addresses], 0);
      const [{ address, family } = { address: '', family: 0 }] = verdict.addresses;
      callback(null, address, family);
    });
  };
}

function peerOf(socket: Socket): string {
  return socket.remoteAddress ?? '';
}

const CODES: Readonly<Record<string, UnreachableCode>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  ENOTFOUND: 'unresolvable',
};
const TLS = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO)/;

function codeOf(error: unknown): UnreachableCode {
  if (!(error instanceof Error)) return 'failed';
  if (error instanceof ForbiddenAddressError) {
    return error.refusal.code === 'unresolvable' ? 'unresolvable' : 'forbidden_url';
  }
  if (error.name === 'TimeoutError') return 'timeout';
  // Several addresses were tried: the first failure speaks for them.
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  const { code = '' } = error as NodeJS.ErrnoException;
  return CODES[code] ?? (TLS.test(code) ? 'tls' : 'failed');
}

/** RFC 9110, 10.2.3: seconds, or a date. */
export function retryAfterMs(header: string | string[] | undefined, nowMs: number): number | null {
  if (typeof header !== 'string') return null;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1_000;
  const atMs = / GMT$/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}
