/**
 * A small client of the HTTP API: `fetch` and nothing else, in Node and in browsers, so that its folder can be copied into
 * any project. This file is all that one imports.
 *
 * What the service refuses is thrown as a `MillraceError` that carries the problem (RFC 9457), what never reached it as a
 * `MillraceUnreachableError`. Calls that may be made twice are, where that may help.
 */
import { resultsOf, type ResultOptions } from './batch-results.js';
import { uploadOf } from './batch-upload.js';
import type { Model } from './catalogue.js';
import { MillraceUnreachableError } from './errors.js';
import { type BatchEvent, type EventOptions, eventsOf, type PredictionEvent } from './events.js';
import {
  type ApiKey,
  type Batch,
  type BatchRequest,
  type BatchResult,
  type CreateApiKey,
  hasEnded,
  type KeyPage,
  type NewApiKey,
  type Prediction,
  type PredictionFilter,
  type PredictionPage,
  type PredictionRequest,
  type Readiness,
  type WebhookSecret,
} from './resources.js';
import { type Query, route } from './routes.js';
import { type ClientOptions, readJson, Transport } from './transport.js';

export type { Model, ModelFeature, ModelVersionSummary } from './catalogue.js';
export { MillraceError, MillraceUnreachableError, WebhookVerificationError } from './errors.js';
export type { BatchEvent, PredictionEvent } from './events.js';
export { hasAllResults, hasEnded } from './resources.js';
export type {
  ApiKey,
  Batch,
  BatchRequest,
  BatchResult,
  CreateApiKey,
  NewApiKey,
  Prediction,
  PredictionFilter,
  PredictionRequest,
  Problem,
  Readiness,
  Row,
  RowType,
} from './resources.js';
export type { ClientOptions } from './transport.js';
export { verifyWebhook, type Webhook, type WebhookHeaders } from './verify-webhook.js';

export interface Cancelable {
  readonly signal?: AbortSignal;
}

export interface SubmitOptions extends Cancelable {
  /** An id of your own: the same body again is the same prediction. */
  readonly id?: string;
  /** Makes the call safe to repeat, for 24 hours. One is made up unless given; null sends none, and repeats nothing. */
  readonly idempotencyKey?: string | null;
  /** `90s`, `10m`: aborted if it has not started by then. */
  readonly cancelAfter?: string;
  /** Seconds to wait for the end before the prediction is returned as it is; absent returns at once. */
  readonly wait?: number;
}

export interface BatchOptions extends Cancelable {
  /** With it an upload that was cut off can be sent again: each row is in the batch once. */
  readonly idempotencyKey?: string;
}

/** The most that one call can wait. */
const LONG_POLL_SECONDS = 60;

export class MillraceClient {
  readonly #transport: Transport;

  constructor(options: ClientOptions) {
    this.#transport = new Transport(options);
  }

  /** @returns the prediction as it was accepted, or as it stands after `wait` */
  async submit(request: PredictionRequest, options: SubmitOptions = {}): Promise<Prediction> {
    const { model, version, ...rest } = request;
    const { id, cancelAfter, wait, signal } = options;
    const key = id === undefined ? this.#keyOf(options) : null;
    const headers = {
      ...(wait === undefined ? {} : { prefer: `wait=${wait}` }),
      ...(cancelAfter === undefined ? {} : { 'cancel-after': cancelAfter }),
      ...(key === null ? {} : { 'idempotency-key': key }),
    };
    const json = { version: [model, version].filter((part) => part !== undefined).join(':'), ...rest };
    const call = { headers, json, wait: wait ?? 0, repeatable: id !== undefined || key !== null, signal };
    return id === undefined
      ? this.#transport.json('POST', route('/v1/predictions'), call)
      : this.#transport.json('PUT', route('/v1/predictions/{id}', id), call);
  }

  /** Submits and waits for the end, in as many calls as it takes. */
  async predict(request: PredictionRequest, options: Omit<SubmitOptions, 'wait'> = {}): Promise<Prediction> {
    return this.wait(await this.submit(request, { ...options, wait: LONG_POLL_SECONDS }), options);
  }

  /** @returns the prediction when it has ended, however it did */
  async wait(prediction: Prediction, { signal }: Cancelable = {}): Promise<Prediction> {
    let seen = prediction;
    while (!hasEnded(seen)) seen = await this.get(seen.id, { wait: LONG_POLL_SECONDS, ...(signal && { signal }) });
    return seen;
  }

  /** @param options `wait`: seconds to wait for its end, 60 at most */
  async get(id: string, { wait, signal }: { readonly wait?: number } & Cancelable = {}): Promise<Prediction> {
    const query: Query<'/v1/predictions/{id}', 'get'> = { wait };
    return this.#transport.json('GET', route('/v1/predictions/{id}', id), { query, wait: wait ?? 0, signal });
  }

  /** One's own predictions, newest first, page by page as they are read. */
  async *list(filter: PredictionFilter = {}, { signal }: Cancelable = {}): AsyncGenerator<Prediction> {
    let query: Query<'/v1/predictions', 'get'> | Readonly<Record<string, string>> = filter;
    for (;;) {
      const page = await this.#transport.json<PredictionPage>('GET', route('/v1/predictions'), { query, signal });
      yield* page.results;
      if (page.next === null) return;
      // Its query alone: the key goes to no other address than ours.
      query = Object.fromEntries(new URL(page.next, 'http://localhost').searchParams);
    }
  }

  /** @returns the prediction as it is then; what has ended is as it ended */
  async cancel(id: string, { signal }: Cancelable = {}): Promise<Prediction> {
    return this.#transport.json('POST', route('/v1/predictions/{id}/cancel', id), { repeatable: true, signal });
  }

  /** What happens to a prediction, until it has ended. */
  events(id: string, options: EventOptions = {}): AsyncGenerator<PredictionEvent> {
    return eventsOf(this.#transport, route('/v1/predictions/{id}/events', id), options);
  }

  /** Sends rows and yields their results, in order, as they come. */
  async *batch(request: BatchRequest, options: BatchOptions = {}): AsyncGenerator<BatchResult> {
    const { id } = await this.createBatch(request, options);
    yield* this.batchResults(id, options);
  }

  /** Sends rows as they come; returns when all of them are in the queue. */
  async createBatch(request: BatchRequest, options: BatchOptions = {}): Promise<Batch> {
    const { model, on_invalid, completion_window, webhook, webhook_events_filter: events, metadata } = request;
    const { headers, repeatable = false, ...content } = await uploadOf(request);
    const query: Query<'/v1/batches', 'post'> = {
      model,
      on_invalid,
      completion_window,
      webhook,
      webhook_events_filter: events?.join(','),
      metadata: metadata && JSON.stringify(metadata),
    };
    const key = repeatable ? this.#keyOf(options) : (options.idempotencyKey ?? null);
    return this.#transport.json('POST', route('/v1/batches'), {
      ...content,
      headers: { ...headers, ...(key === null ? {} : { 'idempotency-key': key }) },
      query,
      wait: Infinity,
      repeatable: repeatable && key !== null,
      signal: options.signal,
    });
  }

  async getBatch(id: string, { signal }: Cancelable = {}): Promise<Batch> {
    return this.#transport.json('GET', route('/v1/batches/{id}', id), { signal });
  }

  async cancelBatch(id: string, { signal }: Cancelable = {}): Promise<Batch> {
    return this.#transport.json('POST', route('/v1/batches/{id}/cancel', id), { repeatable: true, signal });
  }

  /** Results in the order of the rows, until all have come; behind the row `after`, where that is given. */
  batchResults(id: string, options: ResultOptions = {}): AsyncGenerator<BatchResult> {
    return resultsOf(this.#transport, id, options);
  }

  /** What happens to a batch, until it has ended. */
  batchEvents(id: string, options: EventOptions = {}): AsyncGenerator<BatchEvent> {
    return eventsOf(this.#transport, route('/v1/batches/{id}/events', id), options);
  }

  /**
   * The results that there are now, as bytes.
   * @param after index of the row behind which to begin
   */
  async batchFile(
    id: string,
    type: 'application/x-ndjson' | 'text/csv',
    after: number | null = null,
  ): Promise<ReadableStream<Uint8Array>> {
    const query: Query<'/v1/batches/{id}/results', 'get'> = { after: after ?? undefined };
    const path = route('/v1/batches/{id}/results', id);
    const { body } = await this.#transport.open(path, { headers: { accept: type }, query });
    if (body === null) throw new MillraceUnreachableError(this.#transport.base);
    return body;
  }

  async models(): Promise<readonly Model[]> {
    const page = await this.#transport.json<{ results: readonly Model[] }>('GET', '/v1/models');
    return page.results;
  }

  /** @param name `iris`, or `owner/iris`, which spares a look into the list for the owner */
  async model(name: string): Promise<Model> {
    const [owner = '', model = ''] = name.includes('/') ? name.split('/') : [await this.#ownerOf(name), name];
    return this.#transport.json('GET', `/v1/models/${encodeURIComponent(owner)}/${encodeURIComponent(model)}`);
  }

  /** The secret that signs the caller's webhooks; see `verifyWebhook`. */
  async webhookSecret(): Promise<string> {
    const { key } = await this.#transport.json<WebhookSecret>('GET', route('/v1/webhooks/default/secret'));
    return key;
  }

  /** Needs the scope `admin`, as the next three do. */
  async keys(): Promise<readonly ApiKey[]> {
    const page = await this.#transport.json<KeyPage>('GET', route('/v1/keys'));
    return page.results;
  }

  async createKey(key: CreateApiKey): Promise<NewApiKey> {
    return this.#transport.json('POST', route('/v1/keys'), { json: key });
  }

  /** @param overlapSeconds for which the old key stays valid; a day unless given */
  async rotateKey(id: string, overlapSeconds?: number): Promise<NewApiKey> {
    const json = overlapSeconds === undefined ? {} : { overlap_seconds: overlapSeconds };
    return this.#transport.json('POST', route('/v1/keys/{id}/rotate', id), { json });
  }

  async revokeKey(id: string): Promise<ApiKey> {
    return this.#transport.json('POST', route('/v1/keys/{id}/revoke', id));
  }

  /** Never throws for a service that says "not ready". */
  async ready(): Promise<Readiness> {
    const response = await this.#transport.send('GET', '/ready');
    const body = (await readJson(response)) as { status?: unknown; degraded?: unknown } | null;
    const degraded = Array.isArray(body?.degraded) ? body.degraded.map(String) : [];
    return { ready: response.ok, status: typeof body?.status === 'string' ? body.status : 'error', degraded };
  }

  /** A model that there is not is told of by the service. */
  async #ownerOf(model: string): Promise<string> {
    return (await this.models()).find(({ name }) => name === model)?.owner ?? 'millrace';
  }

  /** A repeat without a key might be a second one. */
  #keyOf({ idempotencyKey }: { readonly idempotencyKey?: string | null }): string | null {
    if (idempotencyKey !== undefined) return idempotencyKey;
    return this.#transport.repeats ? newKey() : null;
  }
}

/** Of 128 random bits; `crypto.randomUUID` is missing on pages that came over plain http. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
