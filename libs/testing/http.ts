/** Real HTTP, as a client sees it: status, headers, and the body as it came. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { FieldProblem } from '#domain/field-problem';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; reading it where there is none is an error. */
  readonly json: Body;
}

/**
 * Every field that an answer may have, of a prediction, a problem, a readiness or a model: a test asks for those that it
 * expects, and finds out by asking whether they are there.
 */
export interface Body {
  readonly id: string;
  /** A prediction's is a word, a problem's a number. */
  readonly status: string | number;
  readonly output: {
    readonly label: string;
    readonly score: number;
    readonly probabilities: Readonly<Record<string, number>>;
  };
  readonly error: string | null;
  readonly attempts: number;
  readonly estimated_wait: number | null;
  readonly metrics: Readonly<Record<'predict_time' | 'queue_time' | 'total_time' | 'batch_size', number>>;
  readonly urls: Readonly<Record<'get' | 'cancel' | 'stream', string>>;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly completed_at: string | null;

  readonly key: string;
  readonly client: string;
  readonly scopes: readonly string[];
  readonly replaced_by: string | null;
  readonly last_used_at: string | null;

  readonly next: string | null;
  readonly previous: string | null;
  /** Of an event. */
  readonly data: Body;
  readonly next_attempt_at: string | null;

  readonly code: string;
  readonly request_id: string;
  readonly errors: readonly FieldProblem[];

  readonly degraded: readonly string[];

  readonly results: readonly Body[];
  readonly latest_version: Version;
  readonly default_example: Example;

  readonly queues: readonly BoardQueue[];
}

export interface Example {
  readonly version: string;
  readonly input: unknown;
  readonly output: unknown;
}

export interface Version {
  readonly id: string;
  readonly label: string;
  readonly evaluation: Readonly<Record<string, number>>;
  readonly training: { readonly data: { readonly sha256: string } };
  readonly openapi_schema: { readonly Input: { readonly properties: unknown }; readonly Output: unknown };
}

/** A queue as the job board shows it. */
export interface BoardQueue {
  readonly name: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly jobs: readonly { readonly failedReason: string }[];
}

export interface Call {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it stands; its content type is JSON unless `headers` say otherwise. */
  readonly raw?: string;
}

const PATIENCE_MS = 90_000;

export async function call(method: string, url: string, { headers = {}, body, raw }: Call = {}): Promise<Answer> {
  const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const response = await fetch(url, {
    method,
    headers: { ...(content === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(content === undefined ? {} : { body: content }),
    redirect: 'manual',
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    get json(): Body {
      return JSON.parse(text) as Body;
    },
  };
}

/** Sends bytes as they stand, and reads until the other side closes. */
export async function callRaw(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
  // A reset after the answer is the peer's way to stop reading; what was received counts.
  socket.on('error', () => socket.destroy());
  socket.write(bytes);
  await once(socket, 'close');
  return received;
}

/** The sum of a metric's samples that carry all of `labels`; 0 where there is none. */
export async function metric(
  opsUrl: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const { text } = await call('GET', `${opsUrl}/metrics`);
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  let sum = 0;
  for (const line of text.split('\n')) {
    const [, found, inside = '', value] = /^([a-z0-9_]+)(?:\{(.*)\})? (\S+)$/i.exec(line) ?? [];
    if (found === name && wanted.every((label) => inside.split(',').includes(label))) sum += Number(value);
  }
  return sum;
}
