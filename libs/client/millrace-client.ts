/**
 * A small client of the HTTP API: `fetch` and nothing else, so that it can be copied into any project.
 *
 * Names of fields are those of the wire (snake_case); what the service refuses is thrown as a `MillraceError` that
 * carries the problem (RFC 9457), what never reached it as a `MillraceUnreachableError`.
 */

export type PredictionStatus = 'starting' | 'processing' | 'succeeded' | 'failed' | 'canceled' | 'aborted';

export interface Prediction {
  readonly id: string;
  /** `owner/name`. */
  readonly model: string;
  /** 64 hex digits. */
  readonly version: string;
  readonly version_label: string;
  readonly status: PredictionStatus;
  readonly input: unknown;
  /** Null until it has succeeded. */
  readonly output: unknown;
  /** One sentence for people, or null. */
  readonly error: string | null;
  /** Stable code of the error. */
  readonly error_code?: string | null;
  /** Seconds. */
  readonly metrics: Readonly<Record<string, number | null>>;
  readonly created_at: string;
  readonly started_at: string | null;
  readonly completed_at: string | null;
}

export interface ModelVersionSummary {
  readonly id: string;
  readonly label: string;
  /** Input and output schema with examples. */
  readonly openapi_schema?: unknown;
  /** The features of its input, each with an `example`. */
  readonly inputs?: readonly ModelFeature[];
  readonly evaluation?: Readonly<Record<string, number>>;
  /** A request that works as it stands, and the answer it gets. */
  readonly example?: { readonly version: string; readonly input: unknown; readonly output: unknown };
}

export interface ModelFeature {
  readonly name: string;
  readonly type: string;
  /** Absent for a scalar. */
  readonly shape?: readonly number[];
  readonly nullable?: boolean;
  readonly unit?: string | null;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly categories?: readonly string[];
  readonly example?: unknown;
}

export interface Model {
  readonly owner: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly task: string;
  readonly latest_version: ModelVersionSummary;
}

export interface FieldProblem {
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}

/** RFC 9457. */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  readonly code?: string;
  readonly request_id?: string;
  readonly errors?: readonly FieldProblem[];
}

export interface CreatePrediction {
  /** Model by name, `iris`; `version` pins one of its versions. */
  readonly model?: string;
  /** With `model` its label, `1.0.0`; alone anything the API takes: an id, `iris`, `iris:1.0.0`. */
  readonly version?: string;
  readonly input: unknown;
  /** Seconds to wait for the end before the prediction is returned as it is; absent returns at once. */
  readonly wait?: number;
  /** Makes the call safe to repeat, for 24 hours. */
  readonly idempotencyKey?: string;
}

export type BatchStatus = 'validating' | 'in_progress' | 'completed' | 'failed' | 'canceled' | 'expired';

export interface Batch {
  readonly id: string;
  /** `owner/name`. */
  readonly model: string;
  readonly version_label: string;
  readonly status: BatchStatus;
  readonly request_counts: {
    readonly total: number;
    readonly completed: number;
    readonly failed: number;
    /** Rows that ended without running. */
    readonly not_run: number;
  };
  /** Share of its rows that have ended, 0 to 1. */
  readonly progress: number;
  /** Seconds, or null while nothing can be said. */
  readonly estimated_time_left: number | null;
  readonly error: string | null;
  readonly error_code: string | null;
  readonly created_at: string;
  readonly completed_at: string | null;
}

export type RowType = 'application/json' | 'application/x-ndjson' | 'text/csv';

export interface CreateBatch {
  readonly model: string;
  readonly type: RowType;
  /** Rows as bytes of that type. */
  readonly body: AsyncIterable<Uint8Array> | string;
  /** The body is compressed. */
  readonly gzip?: boolean;
  readonly onInvalid?: 'report' | 'reject';
  /** `90s`, `30m`, `24h`, `7d` */
  readonly completionWindow?: string;
  readonly webhook?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** With it an upload that was cut off can be sent again: each row is in the batch once. */
  readonly idempotencyKey?: string;
}

export interface ApiKey {
  /** Public: the first eight characters behind `mr_live_`. */
  readonly id: string;
  readonly client: string;
  readonly name: string | null;
  readonly scopes: readonly string[];
  readonly status: 'active' | 'expired' | 'revoked';
  readonly created_at: string;
  readonly expires_at: string | null;
  /** To the hour. */
  readonly last_used_at: string | null;
  /** Id of the key that takes its place. */
  readonly replaced_by: string | null;
}

/** A key that was made by this call. */
export interface NewApiKey extends ApiKey {
  /** The key itself, which is shown once. */
  readonly key: string;
}

export interface CreateApiKey {
  readonly client: string;
  readonly scopes: readonly string[];
  readonly name?: string;
  /** RFC 3339. */
  readonly expires_at?: string;
}

export interface Readiness {
  /** False when it cannot serve now. */
  readonly ready: boolean;
  /** `ok`, `degraded` or `error`. */
  readonly status: string;
  /** What works less well, in words. */
  readonly degraded: readonly string[];
}

export interface ClientOptions {
  /** `http://127.0.0.1:3000` */
  readonly url: string;
  /** Sent as a bearer token. */
  readonly key?: string;
  /** Another `fetch`, for tests. */
  readonly fetch?: typeof fetch;
}

/** The service answered, and it was a no. */
export class MillraceError extends Error {
  constructor(
    readonly problem: Problem,
    /** Seconds after which a repeat makes sense, where the service says so. */
    readonly retryAfter: number | null,
  ) {
    super(problem.detail ?? problem.title);
    this.name = 'MillraceError';
  }

  get status(): number {
    return this.problem.status;
  }
}

/** Nobody answered, or not a Millrace. Whether a submit arrived is then unknown: repeat it with its idempotency key. */
export class MillraceUnreachableError extends Error {
  constructor(
    readonly url: string,
    options?: ErrorOptions,
  ) {
    super(`No Millrace answers at ${url}`, options);
    this.name = 'MillraceUnreachableError';
  }
}

const ENDED: ReadonlySet<PredictionStatus> = new Set(['succeeded', 'failed', 'canceled', 'aborted']);
/** How long an answer may take on top of the time that the service was asked to wait. */
const PATIENCE_MS = 30_000;

/** True when the status will never change again. */
export function hasEnded(prediction: Pick<Prediction, 'status'>): boolean {
  return ENDED.has(prediction.status);
}

export class MillraceClient {
  readonly #base: string;

  constructor(private readonly options: ClientOptions) {
    this.#base = options.url.replace(/\/+$/, '');
  }

  async createPrediction(request: CreatePrediction): Promise<Prediction> {
    const { model, version, input, wait, idempotencyKey } = request;
    const headers: Record<string, string> = {};
    if (wait !== undefined) headers['prefer'] = `wait=${wait}`;
    if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKey;
    const body = { version: [model, version].filter((part) => part !== undefined).join(':'), input };
    return this.ask('POST', '/v1/predictions', { headers, body, wait: wait ?? 0 });
  }

  async getPrediction(id: string, options: { wait?: number } = {}): Promise<Prediction> {
    const query = options.wait === undefined ? '' : `?wait=${options.wait}`;
    return this.ask('GET', `/v1/predictions/${encodeURIComponent(id)}${query}`, { wait: options.wait ?? 0 });
  }

  async cancelPrediction(id: string): Promise<Prediction> {
    return this.ask('POST', `/v1/predictions/${encodeURIComponent(id)}/cancel`);
  }

  /** Submits and waits for the end, in as many calls as it takes. */
  async predict(request: Omit<CreatePrediction, 'wait'>): Promise<Prediction> {
    let prediction = await this.createPrediction({ ...request, wait: 60 });
    while (!hasEnded(prediction)) prediction = await this.getPrediction(prediction.id, { wait: 60 });
    return prediction;
  }

  async models(): Promise<readonly Model[]> {
    const page: { results: readonly Model[] } = await this.ask('GET', '/v1/models');
    return page.results;
  }

  /** @param name `iris`, or `owner/iris` */
  async model(name: string): Promise<Model> {
    const [owner, model] = name.includes('/') ? name.split('/') : ['millrace', name];
    return this.ask('GET', `/v1/models/${encodeURIComponent(owner ?? '')}/${encodeURIComponent(model ?? '')}`);
  }

  /** Sends rows as they come; returns when all of them are in the queue. */
  async createBatch(batch: CreateBatch): Promise<Batch> {
    const { model, type, body, gzip, onInvalid, completionWindow, webhook, metadata, idempotencyKey } = batch;
    const query = new URLSearchParams({ model });
    if (onInvalid !== undefined) query.set('on_invalid', onInvalid);
    if (completionWindow !== undefined) query.set('completion_window', completionWindow);
    if (webhook !== undefined) query.set('webhook', webhook);
    if (metadata !== undefined) query.set('metadata', JSON.stringify(metadata));
    const headers = {
      'content-type': type,
      ...(gzip === true ? { 'content-encoding': 'gzip' } : {}),
      ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
    };
    return this.ask('POST', `/v1/batches?${query.toString()}`, { headers, content: body, wait: Infinity });
  }

  async getBatch(id: string): Promise<Batch> {
    return this.ask('GET', `/v1/batches/${encodeURIComponent(id)}`);
  }

  async cancelBatch(id: string): Promise<Batch> {
    return this.ask('POST', `/v1/batches/${encodeURIComponent(id)}/cancel`);
  }

  /**
   * Results in the order of the rows, as bytes.
   * @param after index of the row behind which to begin
   */
  async batchResults(
    id: string,
    type: 'application/x-ndjson' | 'text/csv',
    after: number | null = null,
  ): Promise<ReadableStream<Uint8Array>> {
    const query = after === null ? '' : `?after=${after}`;
    const path = `/v1/batches/${encodeURIComponent(id)}/results${query}`;
    const response = await this.#send('GET', path, { headers: { accept: type }, wait: Infinity });
    if (!response.ok) throw new MillraceError(problemOf(response, await readJson(response)), retryAfterOf(response));
    if (response.body === null) throw new MillraceUnreachableError(this.#base);
    return response.body;
  }

  /** The secret that signs the caller's webhooks. */
  async webhookSecret(): Promise<string> {
    const { key }: { key: string } = await this.ask('GET', '/v1/webhooks/default/secret');
    return key;
  }

  /** Needs the scope `admin`, as the next three do. */
  async keys(): Promise<readonly ApiKey[]> {
    const page: { results: readonly ApiKey[] } = await this.ask('GET', '/v1/keys');
    return page.results;
  }

  async createKey(key: CreateApiKey): Promise<NewApiKey> {
    return this.ask('POST', '/v1/keys', { body: key });
  }

  /** @param overlapSeconds for which the old key stays valid; a day unless given */
  async rotateKey(id: string, overlapSeconds?: number): Promise<NewApiKey> {
    const body = overlapSeconds === undefined ? {} : { overlap_seconds: overlapSeconds };
    return this.ask('POST', `/v1/keys/${encodeURIComponent(id)}/rotate`, { body });
  }

  async revokeKey(id: string): Promise<ApiKey> {
    return this.ask('POST', `/v1/keys/${encodeURIComponent(id)}/revoke`);
  }

  /** Never throws for a service that says "not ready". */
  async ready(): Promise<Readiness> {
    const response = await this.#send('GET', '/ready');
    const body = (await readJson(response)) as { status?: unknown; degraded?: unknown } | null;
    const degraded = Array.isArray(body?.degraded) ? body.degraded.map(String) : [];
    return { ready: response.ok, status: typeof body?.status === 'string' ? body.status : 'error', degraded };
  }

  /**
   * Any call that has no method of its own.
   * @throws MillraceError for what the service refuses, MillraceUnreachableError where nobody answers
   */
  async ask<T>(method: string, path: string, call: Call = {}): Promise<T> {
    const response = await this.#send(method, path, call);
    const body = await readJson(response);
    if (!response.ok) throw new MillraceError(problemOf(response, body), retryAfterOf(response));
    if (typeof body !== 'object' || body === null) throw new MillraceUnreachableError(this.#base);
    return body as T;
  }

  async #send(method: string, path: string, call: Call = {}): Promise<Response> {
    const { key } = this.options;
    const send = this.options.fetch ?? fetch;
    const request: RequestInit = {
      method,
      headers: {
        accept: 'application/json',
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...call.headers,
      },
    };
    const waitMs = (call.wait ?? 0) * 1_000 + PATIENCE_MS;
    if (Number.isFinite(waitMs)) request.signal = AbortSignal.timeout(waitMs);
    if (call.body !== undefined) request.body = JSON.stringify(call.body);
    // A body that is not in memory is sent as it comes; `fetch` wants that said.
    if (call.content !== undefined) Object.assign(request, { body: call.content, duplex: 'half' });
    try {
      return await send(this.#base + path, request);
    } catch (error) {
      throw new MillraceUnreachableError(this.#base, { cause: error });
    }
  }
}

export interface Call {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Sent as it stands. */
  readonly content?: AsyncIterable<Uint8Array> | string;
  /** Seconds that the service was asked to wait. */
  readonly wait?: number;
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return null; // Not JSON: a proxy's page, or a connection that broke; the callers say what that means.
  }
}

function problemOf(response: Response, body: unknown): Problem {
  const fallback = { title: response.statusText || `HTTP ${response.status}`, status: response.status };
  return typeof body === 'object' && body !== null ? { ...fallback, ...body } : fallback;
}

function retryAfterOf(response: Response): number | null {
  const value = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(value) ? value : null;
}
