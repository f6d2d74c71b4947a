/** Made from `/openapi.json` by `npm run client:types`: not edited by hand. */
export interface paths {
  readonly '/v1/predictions': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: {
      readonly parameters: {
        readonly query?: {
          readonly model?: string;
          readonly status?: 'starting' | 'processing' | 'succeeded' | 'failed' | 'canceled' | 'aborted';
          readonly created_after?: string;
          readonly created_before?: string;
          readonly limit?: number;
          readonly cursor?: string;
        };
        readonly header?: never;
        readonly path?: never;
        readonly cookie?: never;
      };
      readonly requestBody?: never;
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['PredictionList'];
          };
        };
      };
    };
    readonly put?: never;
    readonly post: {
      readonly parameters: {
        readonly query?: never;
        readonly header?: {
          readonly Prefer?: string;
          readonly 'Idempotency-Key'?: string;
          readonly 'Cancel-After'?: string;
          readonly 'X-Request-ID'?: string;
          readonly traceparent?: string;
        };
        readonly path?: never;
        readonly cookie?: never;
      };
      readonly requestBody: {
        readonly content: {
          readonly 'application/json': {
            readonly version: string;
            readonly input: Record<string, unknown>;
            readonly metadata?: {
              readonly [key: string]: string;
            };
            readonly webhook?: string;
            readonly webhook_events_filter?: readonly ('start' | 'output' | 'completed')[];
            /** @enum {unknown} */
            readonly priority?: 'normal' | 'low';
            readonly stream?: boolean;
          };
        };
      };
      readonly responses: {
        readonly 201: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['Prediction'];
          };
        };
      };
    };
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/models/{owner}/{name}/predictions': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    readonly put?: never;
    readonly post: {
      readonly parameters: {
        readonly query?: never;
        readonly header?: {
          readonly Prefer?: string;
          readonly 'Idempotency-Key'?: string;
          readonly 'Cancel-After'?: string;
          readonly 'X-Request-ID'?: string;
          readonly traceparent?: string;
        };
        readonly path: {
          readonly owner: string;
          readonly name: string;
        };
        readonly cookie?: never;
      };
      readonly requestBody: {
        readonly content: {
          readonly 'application/json': {
            readonly input: Record<string, unknown>;
            readonly metadata?: {
              readonly [key: string]: string;
            };
            readonly webhook?: string;
            readonly webhook_events_filter?: readonly ('start' | 'output' | 'completed')[];
            /** @enum {unknown} */
            readonly priority?: 'normal' | 'low';
            readonly stream?: boolean;
          };
        };
      };
      readonly responses: {
        readonly 201: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['Prediction'];
          };
        };
      };
    };
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/predictions/{id}': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: {
      readonly parameters: {
        readonly query?: {
          readonly wait?: number;
        };
        readonly header?: {
          readonly 'If-None-Match'?: string;
        };
        readonly path: {
          readonly id: string;
        };
        readonly cookie?: never;
      };
      readonly requestBody?: never;
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['Prediction'];
          };
        };
      };
    };
    readonly put: {
      readonly parameters: {
        readonly query?: never;
        readonly header?: {
          readonly Prefer?: string;
          readonly 'Cancel-After'?: string;
          readonly 'X-Request-ID'?: string;
          readonly traceparent?: string;
        };
        readonly path: {
          readonly id: string;
        };
        readonly cookie?: never;
      };
      readonly requestBody: {
        readonly content: {
          readonly 'application/json': {
            readonly version: string;
            readonly input: Record<string, unknown>;
            readonly metadata?: {
              readonly [key: string]: string;
            };
            readonly webhook?: string;
            readonly webhook_events_filter?: readonly ('start' | 'output' | 'completed')[];
            /** @enum {unknown} */
            readonly priority?: 'normal' | 'low';
            readonly stream?: boolean;
          };
        };
      };
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['Prediction'];
          };
        };
        readonly 201: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['Prediction'];
          };
        };
      };
    };
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/predictions/{id}/cancel': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    readonly put?: never;
    readonly post: {
      readonly parameters: {
        readonly query?: never;
        readonly header?: never;
        readonly path: {
          readonly id: string;
        };
        readonly cookie?: never;
      };
      readonly requestBody?: never;
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['Prediction'];
          };
        };
      };
    };
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/predictions/{id}/events': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: {
      readonly parameters: {
        readonly query?: {
          readonly token?: string;
        };
        readonly header?: {
          readonly 'Last-Event-ID'?: string;
        };
        readonly path: {
          readonly id: string;
        };
        readonly cookie?: never;
      };
      readonly requestBody?: never;
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'text/event-stream': string;
          };
        };
        readonly 204: {
          headers: {
            readonly [name: string]: unknown;
          };
          content?: never;
        };
      };
    };
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/batches': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: {
      readonly parameters: {
        readonly query?: {
          readonly limit?: number;
          readonly before?: string;
        };
        readonly header?: never;
        readonly path?: never;
        readonly cookie?: never;
      };
      readonly requestBody?: never;
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['BatchList'];
          };
        };
      };
    };
    readonly put?: never;
    readonly post: {
      readonly parameters: {
        readonly query: {
          readonly model: string;
          readonly on_invalid?: 'report' | 'reject';
          readonly webhook?: string;
          readonly webhook_events_filter?: string;
          readonly completion_window?: string;
          readonly metadata?: string;
        };
        readonly header?: {
          readonly 'Idempotency-Key'?: string;
          readonly 'Content-Encoding'?: string;
        };
        readonly path?: never;
        readonly cookie?: never;
      };
      readonly requestBody: {
        readonly content: {
          readonly 'application/json': readonly Record<string, unknown>[];
          readonly 'application/x-ndjson': string;
          readonly 'text/csv': string;
        };
      };
      readonly responses: {
        readonly 201: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['Batch'];
          };
        };
      };
    };
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/batches/{id}': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: {
      readonly parameters: {
        readonly query?: never;
        readonly header?: never;
        readonly path: {
          readonly id: string;
        };
        readonly cookie?: never;
      };
      readonly requestBody?: never;
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['Batch'];
          };
        };
      };
    };
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/batches/{id}/results': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: {
      readonly parameters: {
        readonly query?: {
          readonly after?: number;
        };
        readonly header?: never;
        readonly path: {
          readonly id: string;
        };
        readonly cookie?: never;
      };
      readonly requestBody?: never;
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/x-ndjson': components['schemas']['BatchResult'];
            readonly 'text/csv': string;
          };
        };
      };
    };
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/batches/{id}/cancel': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    readonly put?: never;
    readonly post: {
      readonly parameters: {
        readonly query?: never;
        readonly header?: never;
        readonly path: {
          readonly id: string;
        };
        readonly cookie?: never;
      };
      readonly requestBody?: never;
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['Batch'];
          };
        };
      };
    };
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/batches/{id}/events': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: {
      readonly parameters: {
        readonly query?: {
          readonly token?: string;
        };
        readonly header?: {
          readonly 'Last-Event-ID'?: string;
        };
        readonly path: {
          readonly id: string;
        };
        readonly cookie?: never;
      };
      readonly requestBody?: never;
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'text/event-stream': string;
          };
        };
        readonly 204: {
          headers: {
            readonly [name: string]: unknown;
          };
          content?: never;
        };
      };
    };
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/keys': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: {
      readonly parameters: {
        readonly query?: never;
        readonly header?: never;
        readonly path?: never;
        readonly cookie?: never;
      };
      readonly requestBody?: never;
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['KeyList'];
          };
        };
      };
    };
    readonly put?: never;
    readonly post: {
      readonly parameters: {
        readonly query?: never;
        readonly header?: never;
        readonly path?: never;
        readonly cookie?: never;
      };
      readonly requestBody: {
        readonly content: {
          readonly 'application/json': components['schemas']['KeyCreation'];
        };
      };
      readonly responses: {
        readonly 201: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['NewKeyResource'];
          };
        };
      };
    };
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/keys/{id}': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: {
      readonly parameters: {
        readonly query?: never;
        readonly header?: never;
        readonly path: {
          readonly id: string;
        };
        readonly cookie?: never;
      };
      readonly requestBody?: never;
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['KeyResource'];
          };
        };
      };
    };
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/keys/{id}/rotate': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    readonly put?: never;
    readonly post: {
      readonly parameters: {
        readonly query?: never;
        readonly header?: never;
        readonly path: {
          readonly id: string;
        };
        readonly cookie?: never;
      };
      readonly requestBody?: {
        readonly content: {
          readonly 'application/json': components['schemas']['KeyRotation'];
        };
      };
      readonly responses: {
        readonly 201: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['NewKeyResource'];
          };
        };
      };
    };
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/keys/{id}/revoke': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    readonly put?: never;
    readonly post: {
      readonly parameters: {
        readonly query?: never;
        readonly header?: never;
        readonly path: {
          readonly id: string;
        };
        readonly cookie?: never;
      };
      readonly requestBody?: never;
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['KeyResource'];
          };
        };
      };
    };
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/webhooks/default/secret': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: {
      readonly parameters: {
        readonly query?: never;
        readonly header?: never;
        readonly path?: never;
        readonly cookie?: never;
      };
      readonly requestBody?: never;
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['SecretResource'];
          };
        };
      };
    };
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/webhooks/default/secret/rotate': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    readonly put?: never;
    readonly post: {
      readonly parameters: {
        readonly query?: never;
        readonly header?: never;
        readonly path?: never;
        readonly cookie?: never;
      };
      readonly requestBody?: never;
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['SecretResource'];
          };
        };
      };
    };
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/deliveries': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: {
      readonly parameters: {
        readonly query?: {
          readonly status?: 'pending' | 'delivered' | 'failed';
          readonly limit?: number;
          readonly before?: string;
        };
        readonly header?: never;
        readonly path?: never;
        readonly cookie?: never;
      };
      readonly requestBody?: never;
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['DeliveryList'];
          };
        };
      };
    };
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/deliveries/{id}': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: {
      readonly parameters: {
        readonly query?: never;
        readonly header?: never;
        readonly path: {
          readonly id: string;
        };
        readonly cookie?: never;
      };
      readonly requestBody?: never;
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['DeliveryResource'];
          };
        };
      };
    };
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/deliveries/{id}/redeliver': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get?: never;
    readonly put?: never;
    readonly post: {
      readonly parameters: {
        readonly query?: never;
        readonly header?: never;
        readonly path: {
          readonly id: string;
        };
        readonly cookie?: never;
      };
      readonly requestBody?: never;
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['DeliveryResource'];
          };
        };
      };
    };
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/v1/events': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: {
      readonly parameters: {
        readonly query?: {
          readonly after?: string;
          readonly limit?: number;
        };
        readonly header?: never;
        readonly path?: never;
        readonly cookie?: never;
      };
      readonly requestBody?: never;
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['EventList'];
          };
        };
      };
    };
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/health': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: {
      readonly parameters: {
        readonly query?: never;
        readonly header?: never;
        readonly path?: never;
        readonly cookie?: never;
      };
      readonly requestBody?: never;
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['Health'];
          };
        };
      };
    };
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/ready': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: {
      readonly parameters: {
        readonly query?: never;
        readonly header?: never;
        readonly path?: never;
        readonly cookie?: never;
      };
      readonly requestBody?: never;
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['Readiness'];
          };
        };
      };
    };
    readonly put?: never;
    readonly post?: never;
    readonly delete?: never;
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
}
export type webhooks = Record<string, never>;
export interface components {
  schemas: {
    readonly KeyResource: {
      /** @description Public part of the key. */
      readonly id: string;
      readonly client: string;
      readonly name: string | null;
      readonly scopes: readonly ('predict' | 'label' | 'deploy' | 'operate' | 'admin')[];
      /** @enum {string} */
      readonly status: 'active' | 'expired' | 'revoked';
      /** @description Id of the key that made it; null for the first. */
      readonly created_by: string | null;
      /** Format: date-time */
      readonly created_at: string;
      /** Format: date-time */
      readonly expires_at: string | null;
      /** Format: date-time */
      readonly revoked_at: string | null;
      /**
       * Format: date-time
       * @description To the hour.
       */
      readonly last_used_at: string | null;
      /** @description Id of the key that takes its place. */
      readonly replaced_by: string | null;
    };
    readonly KeyList: {
      readonly next: string | null;
      readonly previous: string | null;
      readonly results: readonly components['schemas']['KeyResource'][];
    };
    readonly KeyCreation: {
      /**
       * @description Whose key it is; a client's keys share what it owns.
       * @example checkout
       */
      readonly client: string;
      /**
       * @description What it is for, in your words.
       * @example nightly scoring
       */
      readonly name?: string;
      /**
       * @description What it may do; admin is all.
       * @example [
       *       "predict"
       *     ]
       */
      readonly scopes: readonly ('predict' | 'label' | 'deploy' | 'operate' | 'admin')[];
      /**
       * @description From then on it is not valid.
       * @example 2027-01-01T00:00:00Z
       */
      readonly expires_at?: string;
    };
    readonly NewKeyResource: {
      /** @description Public part of the key. */
      readonly id: string;
      readonly client: string;
      readonly name: string | null;
      readonly scopes: readonly ('predict' | 'label' | 'deploy' | 'operate' | 'admin')[];
      /** @enum {string} */
      readonly status: 'active' | 'expired' | 'revoked';
      /** @description Id of the key that made it; null for the first. */
      readonly created_by: string | null;
      /** Format: date-time */
      readonly created_at: string;
      /** Format: date-time */
      readonly expires_at: string | null;
      /** Format: date-time */
      readonly revoked_at: string | null;
      /**
       * Format: date-time
       * @description To the hour.
       */
      readonly last_used_at: string | null;
      /** @description Id of the key that takes its place. */
      readonly replaced_by: string | null;
      /**
       * @description The key itself: shown once.
       * @example mr_live_...
       */
      readonly key: string;
    };
    readonly KeyRotation: {
      /**
       * @description Seconds for which the old key stays valid; a day by default.
       * @example 86400
       */
      readonly overlap_seconds?: number;
    };
    readonly SecretResource: {
      /** @example whsec_... */
      readonly key: string;
    };
    readonly AttemptResource: {
      /** Format: date-time */
      readonly at: string;
      /** @description HTTP status of the answer; null where there was none. */
      readonly status: number | null;
      /** @description Why there was no answer: `timeout`, `refused`, ... */
      readonly error: string | null;
      /** @description Seconds. */
      readonly duration: number;
    };
    readonly DeliveryResource: {
      /** @description The `webhook-id` of the message, at every try. */
      readonly id: string;
      readonly url: string;
      /** @enum {string} */
      readonly event: 'start' | 'output' | 'completed';
      /** @description The prediction or batch that it tells of. */
      readonly subject: string;
      /**
       * @description `failed` after the last try, or where the endpoint said 410.
       * @enum {string}
       */
      readonly status: 'pending' | 'delivered' | 'failed';
      /** Format: date-time */
      readonly created_at: string;
      /** Format: date-time */
      readonly next_attempt_at: string | null;
      readonly attempts: readonly components['schemas']['AttemptResource'][];
    };
    readonly DeliveryList: {
      /** @description The next page; null behind the last one. With a filter a page may be short and still have one. */
      readonly next: string | null;
      readonly previous: string | null;
      readonly results: readonly components['schemas']['DeliveryResource'][];
    };
    readonly EventResource: {
      /** @description Its place among your events, for `after`. */
      readonly cursor: string;
      /** @description The id that a webhook of it has. */
      readonly id: string;
      /** @enum {string} */
      readonly event: 'start' | 'output' | 'completed';
      /** @description The prediction or batch as it was; null where it is no longer kept. */
      readonly data: {
        readonly [key: string]: unknown;
      } | null;
    };
    readonly EventList: {
      /** @description Give it as `after` next time. */
      readonly next: string | null;
      readonly results: readonly components['schemas']['EventResource'][];
    };
    /** @description One prediction: what was asked, where it stands, what came out. */
    readonly Prediction: {
      readonly id: string;
      /** @example millrace/iris */
      readonly model: string;
      /** @description Id of the version, 64 hex digits. */
      readonly version: string;
      /** @example 1.0.0 */
      readonly version_label: string;
      /** @enum {unknown} */
      readonly status: 'starting' | 'processing' | 'succeeded' | 'failed' | 'canceled' | 'aborted';
      readonly input: Record<string, unknown>;
      /** @description The version's output, or null while there is none. */
      readonly output: unknown;
      /** @description One sentence for people. */
      readonly error: string | null;
      /** @description Stable, for programs. */
      readonly error_code: string | null;
      /** @description Tries that have begun: one among others, and each one alone where that was needed. 0 until it runs. */
      readonly attempts: number;
      readonly logs: string;
      readonly metrics: {
        /** @description Seconds that its micro-batch ran. */
        readonly predict_time?: number;
        /** @description Seconds from acceptance to the start of the run. */
        readonly queue_time?: number;
        /** @description Seconds from acceptance to the settled outcome. */
        readonly total_time?: number;
        /** @description Predictions that ran together. */
        readonly batch_size?: number;
      };
      readonly webhook: string | null;
      readonly webhook_events_filter: readonly ('start' | 'output' | 'completed')[] | null;
      /** @enum {unknown} */
      readonly priority: 'normal' | 'low';
      /**
       * Format: date-time
       * @description By `Cancel-After`: aborted if not started by then, stopped if still running.
       */
      readonly deadline: string | null;
      /** @description Seconds until it is expected to start, while it is `starting` and where the queue is known. */
      readonly estimated_wait: number | null;
      readonly metadata: {
        readonly [key: string]: string;
      } | null;
      /** @enum {unknown} */
      readonly source: 'api';
      /** @description True where input and output are no longer kept. */
      readonly data_removed: boolean;
      /** Format: date-time */
      readonly created_at: string;
      /** Format: date-time */
      readonly started_at: string | null;
      /** Format: date-time */
      readonly completed_at: string | null;
      readonly urls: {
        /** Format: uri */
        readonly get: string;
        /** Format: uri */
        readonly cancel: string;
        /**
         * Format: uri
         * @description Server-sent events. With keys on it carries a token that opens this stream without a header.
         */
        readonly stream: string;
      };
    };
    readonly PredictionList: {
      /**
       * Format: uri
       * @description The next page; null behind the last one.
       */
      readonly next: string | null;
      readonly previous: string | null;
      readonly results: readonly components['schemas']['Prediction'][];
    };
    /** @description A problem (RFC 9457). */
    readonly Problem: {
      readonly type: string;
      readonly title: string;
      readonly status: number;
      readonly detail: string;
      readonly instance?: string;
      /** @description Stable, for programs. */
      readonly code: string;
      readonly request_id: string;
      readonly errors?: readonly {
        /** @description JSON pointer into the body. */
        readonly pointer: string;
        readonly code: string;
        readonly detail: string;
      }[];
    };
    /** @description Rows that were sent together: how far they are. */
    readonly Batch: {
      readonly id: string;
      /** @example millrace/iris */
      readonly model: string;
      /** @description Id of the version, 64 hex digits. */
      readonly version: string;
      /** @example 1.0.0 */
      readonly version_label: string;
      /**
       * @description `validating`: its rows still arrive.
       * @enum {unknown}
       */
      readonly status: 'validating' | 'in_progress' | 'completed' | 'failed' | 'canceled' | 'expired';
      readonly request_counts: {
        /** @description Rows that have arrived. */
        readonly total: number;
        /** @description Rows that have an output. */
        readonly completed: number;
        /** @description Rows that were not valid, or that failed. */
        readonly failed: number;
        /** @description Rows that ended without running, since the batch was canceled or expired. */
        readonly not_run: number;
      };
      /** @description Share of its rows that have ended. */
      readonly progress: number;
      /** @description Seconds, if it goes on as it went; null while nothing can be said. */
      readonly estimated_time_left: number | null;
      /** @description Why it failed as a whole, for people. */
      readonly error: string | null;
      /** @description Stable, for programs. */
      readonly error_code: string | null;
      /** @description Seconds; what has not run by then does not run. */
      readonly completion_window: number;
      readonly webhook: string | null;
      readonly webhook_events_filter: readonly ('start' | 'output' | 'completed')[] | null;
      readonly metadata: {
        readonly [key: string]: string;
      } | null;
      /** Format: date-time */
      readonly created_at: string;
      /** Format: date-time */
      readonly started_at: string | null;
      /** Format: date-time */
      readonly expires_at: string;
      /**
       * Format: date-time
       * @description When it came to its last status.
       */
      readonly completed_at: string | null;
      readonly urls: {
        /** Format: uri */
        readonly get: string;
        /** Format: uri */
        readonly results: string;
        /** Format: uri */
        readonly cancel: string;
        /**
         * Format: uri
         * @description Server-sent events.
         */
        readonly stream: string;
      };
    };
    /** @description One row that has ended: it has `output` or `error`. */
    readonly BatchResult: {
      /** @description Number of the row in the batch, from 0. */
      readonly index: number;
      /** @description Id of its prediction. */
      readonly id: string;
      /** @description The name that the client gave it. */
      readonly custom_id: string | null;
      /** @description The model's answer. */
      readonly output?: unknown;
      readonly error?: {
        /** @description Stable, for programs. */
        readonly code: string;
        readonly message: string;
        /** @description What was wrong with a row that was not valid. */
        readonly errors?: readonly {
          readonly pointer: string;
          readonly code: string;
          readonly detail: string;
        }[];
      };
    };
    readonly BatchList: {
      /** @description Path of the next page. */
      readonly next: string | null;
      readonly previous: string | null;
      readonly results: readonly components['schemas']['Batch'][];
    };
    /** @description The process is alive. */
    readonly Health: {
      /** @enum {unknown} */
      readonly status: 'ok';
    };
    /** @description The process can do its work. */
    readonly Readiness: {
      /**
       * @description `degraded`: it works, and less well.
       * @enum {unknown}
       */
      readonly status: 'ok' | 'degraded';
      /** @description Parts that are up, by name. */
      readonly info: {
        readonly [key: string]: {
          /** @enum {unknown} */
          readonly status: 'up' | 'down';
        };
      };
      /** @description Parts that are down, by name: none, as long as it is ready. */
      readonly error: {
        readonly [key: string]: {
          /** @enum {unknown} */
          readonly status: 'up' | 'down';
        };
      };
      /** @description All parts, by name. */
      readonly details: {
        readonly [key: string]: {
          /** @enum {unknown} */
          readonly status: 'up' | 'down';
        };
      };
      /** @description What works less well, each a sentence; there where the status is `degraded`. */
      readonly degraded?: readonly string[];
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
