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
  readonly '/v1/fleet': {
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
            readonly 'application/json': components['schemas']['FleetResource'];
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
  readonly '/v1/operations/models': {
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
            readonly 'application/json': components['schemas']['ModelStatusList'];
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
  readonly '/v1/operations/models/{model}/pause': {
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
          readonly model: string;
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
            readonly 'application/json': components['schemas']['ModelStatusResource'];
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
  readonly '/v1/operations/models/{model}/resume': {
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
          readonly model: string;
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
            readonly 'application/json': components['schemas']['ModelStatusResource'];
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
  readonly '/v1/operations/models/{model}/drain': {
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
          readonly model: string;
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
            readonly 'application/json': components['schemas']['ModelStatusResource'];
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
  readonly '/v1/operations/predictions/{id}/timeline': {
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
            readonly 'application/json': components['schemas']['TimelineResource'];
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
  readonly '/v1/operations/dead-letters': {
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
          readonly error_code?:
            | 'model_error'
            | 'invalid_output'
            | 'crashed'
            | 'timeout'
            | 'worker_lost'
            | 'executor_unavailable'
            | 'invalid_input'
            | 'internal';
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
            readonly 'application/json': components['schemas']['DeadLetterList'];
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
  readonly '/v1/operations/dead-letters/{id}/redrive': {
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
        readonly 201: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['RedrivenResource'];
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
  readonly '/v1/operations/dead-deliveries': {
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
            readonly 'application/json': components['schemas']['DeadDeliveryList'];
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
  readonly '/v1/operations/dead-deliveries/{id}/redeliver': {
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
            readonly 'application/json': components['schemas']['DeadDeliveryResource'];
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
  readonly '/v2/health/live': {
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
            readonly 'application/json': components['schemas']['InferenceLive'];
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
  readonly '/v2/health/ready': {
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
            readonly 'application/json': components['schemas']['InferenceReady'];
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
  readonly '/v2': {
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
            readonly 'application/json': components['schemas']['InferenceServer'];
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
  readonly '/v2/models/{name}': {
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
          readonly name: string;
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
            readonly 'application/json': components['schemas']['InferenceModel'];
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
  readonly '/v2/models/{name}/versions/{version}': {
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
          readonly name: string;
          readonly version: string;
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
            readonly 'application/json': components['schemas']['InferenceModel'];
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
  readonly '/v2/models/{name}/ready': {
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
          readonly name: string;
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
            readonly 'application/json': components['schemas']['InferenceModelReady'];
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
  readonly '/v2/models/{name}/versions/{version}/ready': {
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
          readonly name: string;
          readonly version: string;
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
            readonly 'application/json': components['schemas']['InferenceModelReady'];
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
  readonly '/v2/models/{name}/infer': {
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
        };
        readonly path: {
          readonly name: string;
        };
        readonly cookie?: never;
      };
      readonly requestBody: {
        readonly content: {
          readonly 'application/json': components['schemas']['InferenceRequest'];
        };
      };
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['InferenceAnswer'];
          };
        };
        readonly 202: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['InferenceAccepted'];
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
  readonly '/v2/models/{name}/versions/{version}/infer': {
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
        };
        readonly path: {
          readonly name: string;
          readonly version: string;
        };
        readonly cookie?: never;
      };
      readonly requestBody: {
        readonly content: {
          readonly 'application/json': components['schemas']['InferenceRequest'];
        };
      };
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['InferenceAnswer'];
          };
        };
        readonly 202: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['InferenceAccepted'];
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
  readonly '/openai/v1/files': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: {
      readonly parameters: {
        readonly query?: {
          readonly limit?: string;
          readonly after?: string;
          readonly order?: string;
          readonly purpose?: string;
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
            readonly 'application/json': components['schemas']['OpenAiFileList'];
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
          readonly 'multipart/form-data': {
            readonly file: string;
            /** @enum {unknown} */
            readonly purpose: 'batch';
            readonly expires_after?: {
              /** @enum {unknown} */
              readonly anchor?: 'created_at';
              readonly seconds?: number;
            };
          };
        };
      };
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['OpenAiFile'];
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
  readonly '/openai/v1/files/{id}': {
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
            readonly 'application/json': components['schemas']['OpenAiFile'];
          };
        };
      };
    };
    readonly put?: never;
    readonly post?: never;
    readonly delete: {
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
            readonly 'application/json': components['schemas']['OpenAiFileDeletion'];
          };
        };
      };
    };
    readonly options?: never;
    readonly head?: never;
    readonly patch?: never;
    readonly trace?: never;
  };
  readonly '/openai/v1/files/{id}/content': {
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
            readonly 'application/jsonl': string;
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
  readonly '/openai/v1/batches': {
    readonly parameters: {
      readonly query?: never;
      readonly header?: never;
      readonly path?: never;
      readonly cookie?: never;
    };
    readonly get: {
      readonly parameters: {
        readonly query?: {
          readonly limit?: string;
          readonly after?: string;
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
            readonly 'application/json': components['schemas']['OpenAiBatchList'];
          };
        };
      };
    };
    readonly put?: never;
    readonly post: {
      readonly parameters: {
        readonly query?: never;
        readonly header?: {
          readonly 'Idempotency-Key'?: string;
        };
        readonly path?: never;
        readonly cookie?: never;
      };
      readonly requestBody: {
        readonly content: {
          readonly 'application/json': components['schemas']['OpenAiBatchRequest'];
        };
      };
      readonly responses: {
        readonly 200: {
          headers: {
            readonly [name: string]: unknown;
          };
          content: {
            readonly 'application/json': components['schemas']['OpenAiBatch'];
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
  readonly '/openai/v1/batches/{id}': {
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
            readonly 'application/json': components['schemas']['OpenAiBatch'];
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
  readonly '/openai/v1/batches/{id}/cancel': {
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
            readonly 'application/json': components['schemas']['OpenAiBatch'];
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
       * @description Accurate to the hour.
       */
      readonly last_used_at: string | null;
      /** @description Id of the key that replaces it. */
      readonly replaced_by: string | null;
    };
    readonly KeyList: {
      readonly next: string | null;
      readonly previous: string | null;
      readonly results: readonly components['schemas']['KeyResource'][];
    };
    readonly KeyCreation: {
      /**
       * @description The client that the key belongs to; all keys of a client share what it owns.
       * @example checkout
       */
      readonly client: string;
      /**
       * @description What it is for, in your words.
       * @example nightly scoring
       */
      readonly name?: string;
      /**
       * @description What it may do; admin includes all others.
       * @example [
       *       "predict"
       *     ]
       */
      readonly scopes: readonly ('predict' | 'label' | 'deploy' | 'operate' | 'admin')[];
      /**
       * @description When it stops being valid.
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
       * @description Accurate to the hour.
       */
      readonly last_used_at: string | null;
      /** @description Id of the key that replaces it. */
      readonly replaced_by: string | null;
      /**
       * @description The key itself, shown only in this answer.
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
      /** @description The prediction or batch that it is about. */
      readonly subject: string;
      /**
       * @description `failed` after the last try, or when the endpoint answered 410.
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
      /** @description The next page; null after the last one. With a filter, a page may be short and still have one. */
      readonly next: string | null;
      readonly previous: string | null;
      readonly results: readonly components['schemas']['DeliveryResource'][];
    };
    readonly EventResource: {
      /** @description Its place among your events, for `after`. */
      readonly cursor: string;
      /** @description The `webhook-id` of the same event as a webhook. */
      readonly id: string;
      /** @enum {string} */
      readonly event: 'start' | 'output' | 'completed';
      /** @description The prediction or batch as it was; null if it is no longer kept. */
      readonly data: {
        readonly [key: string]: unknown;
      } | null;
    };
    readonly EventList: {
      /** @description Give it as `after` next time. */
      readonly next: string | null;
      readonly results: readonly components['schemas']['EventResource'][];
    };
    readonly RedisResource: {
      readonly up: boolean;
      /**
       * @description Share of its memory that is used, 0 to 1.
       * @example 0.12
       */
      readonly memory_share: number;
      /**
       * @description Seconds that a round trip takes.
       * @example 0.0004
       */
      readonly round_trip: number;
    };
    readonly ExecutorsResource: {
      /** @example 1 */
      readonly ready: number;
      /** @example 1 */
      readonly busy: number;
    };
    readonly WorkerResource: {
      /** @description Its name in metrics; it changes with each restart. */
      readonly id: string;
      /** @example worker-7d9f */
      readonly host: string;
      /** @example 4711 */
      readonly pid: number;
      /** Format: date-time */
      readonly started_at: string;
      /**
       * @description What it has loaded.
       * @example [
       *       "iris:1.0.0"
       *     ]
       */
      readonly models: readonly string[];
      readonly executors: components['schemas']['ExecutorsResource'];
    };
    readonly WaitingResource: {
      /**
       * @description Predictions that wait, estimated from jobs and a sample of their sizes.
       * @example 12
       */
      readonly normal: number;
      /**
       * @description Rows of batches, and predictions of low priority.
       * @example 40000
       */
      readonly low: number;
    };
    readonly ModelStatusResource: {
      /** @example iris */
      readonly model: string;
      /**
       * @description Label of the version that the bare name stands for.
       * @example 1.0.0
       */
      readonly version_label: string;
      /**
       * @description `paused`: predictions are accepted and wait. `draining`: nothing new is accepted, and what was accepted runs.
       * @example paused
       * @enum {string}
       */
      readonly state: 'running' | 'paused' | 'draining';
      /**
       * Format: date-time
       * @description Null while it runs.
       */
      readonly state_since: string | null;
      /**
       * @description The client of the key.
       * @example night-shift
       */
      readonly state_by: string | null;
      /**
       * @description Live workers that serve it.
       * @example 2
       */
      readonly workers: number;
      /**
       * @description Their executors that are ready.
       * @example 2
       */
      readonly executors: number;
      readonly waiting: components['schemas']['WaitingResource'];
      /**
       * @description Predictions that a worker has in hand, estimated in the same way.
       * @example 16
       */
      readonly running: number;
      /**
       * @description Age of the oldest waiting prediction, in seconds.
       * @example 0.4
       */
      readonly oldest_waiting: number | null;
      /**
       * @description Predictions that end per second.
       * @example 812
       */
      readonly rate: number;
      /**
       * @description Seconds until what waits has run; null when unknown, and while the model is paused.
       * @example 49.3
       */
      readonly time_to_drain: number | null;
      /**
       * @description Predictions that failed for good and are kept.
       * @example 0
       */
      readonly dead_letters: number;
    };
    readonly FailureResource: {
      readonly id: string;
      /** @example iris */
      readonly model: string;
      /** @example 1.0.0 */
      readonly version_label: string;
      /** @example timeout */
      readonly error_code: string;
      /** @example The run took longer than 2000 ms. */
      readonly error: string;
      /** Format: date-time */
      readonly failed_at: string;
    };
    readonly OwedResource: {
      /**
       * @description Endpoints that are owed webhooks.
       * @example 3
       */
      readonly endpoints_owed: number;
      /**
       * @description Those among them that keep failing, and get one try at a time.
       * @example 1
       */
      readonly endpoints_broken: number;
      /**
       * @description Seconds for which the oldest try has been due.
       * @example 0
       */
      readonly oldest_due: number;
      /**
       * @description Webhooks that were given up and are kept.
       * @example 0
       */
      readonly dead_letters: number;
    };
    readonly FleetResource: {
      /**
       * @description Version of the API that answers.
       * @example 0.1.0
       */
      readonly version: string;
      readonly commit: string;
      /**
       * @description What works less well, in words.
       * @example [
       *       "iris is paused"
       *     ]
       */
      readonly degraded: readonly string[];
      readonly redis: components['schemas']['RedisResource'];
      readonly workers: readonly components['schemas']['WorkerResource'][];
      readonly models: readonly components['schemas']['ModelStatusResource'][];
      /** @description Newest first, at most ten. */
      readonly last_failures: readonly components['schemas']['FailureResource'][];
      readonly deliveries: components['schemas']['OwedResource'];
    };
    readonly ModelStatusList: {
      /** @description Always null: all of them are here. */
      readonly next: string | null;
      readonly previous: string | null;
      readonly results: readonly components['schemas']['ModelStatusResource'][];
    };
    readonly StepResource: {
      /** Format: date-time */
      readonly at: string | null;
      /** @enum {string} */
      readonly step: 'accepted' | 'queued' | 'taken' | 'started' | 'retried' | 'ended' | 'told';
      /**
       * @description In words.
       * @example to run, in a micro-batch of 32
       */
      readonly detail: string;
    };
    readonly TimelineResource: {
      readonly id: string;
      /** @example iris */
      readonly model: string;
      /** @example 1.0.0 */
      readonly version_label: string;
      /**
       * @description The client that it belongs to.
       * @example shop
       */
      readonly client: string;
      /** @enum {string} */
      readonly status: 'starting' | 'processing' | 'succeeded' | 'failed' | 'canceled' | 'aborted';
      readonly error_code: string | null;
      readonly error: string | null;
      /**
       * @description Why it is not running now, if an operator or the fleet is the reason.
       * @example The model has been paused since 2026-11-26T03:00:00.000Z by night-shift.
       */
      readonly held: string | null;
      /** @description Oldest first. */
      readonly steps: readonly components['schemas']['StepResource'][];
    };
    readonly DeadLetterResource: {
      /** @description Id of the prediction. */
      readonly id: string;
      /** @example iris */
      readonly model: string;
      /** @example 1.0.0 */
      readonly version_label: string;
      /**
       * @description The client that it belongs to.
       * @example shop
       */
      readonly client: string;
      /** @example timeout */
      readonly error_code: string;
      /** @example The run took longer than 2000 ms. */
      readonly error: string;
      /** Format: date-time */
      readonly created_at: string;
      /** Format: date-time */
      readonly failed_at: string;
    };
    readonly DeadLetterList: {
      /** @description The next page; null after the last one. With a filter, a page may be short or empty and still have one. */
      readonly next: string | null;
      readonly previous: string | null;
      readonly results: readonly components['schemas']['DeadLetterResource'][];
    };
    readonly RedrivenResource: {
      /** @description Id of the new prediction. */
      readonly id: string;
      /** @description Id of the failed one, which stays failed; `metadata.retry_of` of the new one. */
      readonly retry_of: string;
      /** @example iris */
      readonly model: string;
      /** @example 1.0.0 */
      readonly version_label: string;
      /**
       * @description The client that both belong to.
       * @example shop
       */
      readonly client: string;
    };
    readonly DeadDeliveryResource: {
      /** @description The `webhook-id` of the message. */
      readonly id: string;
      /** @example shop */
      readonly client: string;
      /**
       * @description Host of its URL; the rest may hold a secret of its client.
       * @example example.com
       */
      readonly host: string;
      /** @enum {string} */
      readonly event: 'start' | 'output' | 'completed';
      /** @description The prediction or batch that it is about. */
      readonly subject: string;
      /**
       * @description `failed` until it is sent again.
       * @enum {string}
       */
      readonly status: 'pending' | 'delivered' | 'failed';
      /** Format: date-time */
      readonly created_at: string;
      readonly attempts: readonly components['schemas']['AttemptResource'][];
    };
    readonly DeadDeliveryList: {
      /** @description The next page; null after the last one. */
      readonly next: string | null;
      readonly previous: string | null;
      readonly results: readonly components['schemas']['DeadDeliveryResource'][];
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
      /** @description Attempts that have begun: the first among others, each further one alone. 0 until it runs. */
      readonly attempts: number;
      readonly logs: string;
      readonly metrics: {
        /** @description Seconds for which its micro-batch ran. */
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
       * @description Set by `Cancel-After`: aborted if not started by then, stopped if still running.
       */
      readonly deadline: string | null;
      /** @description Seconds until it is expected to start, while it is `starting` and if known. */
      readonly estimated_wait: number | null;
      readonly metadata: {
        readonly [key: string]: string;
      } | null;
      /** @enum {unknown} */
      readonly source: 'api';
      /** @description True if input and output are no longer kept. In the answer to a repeated request, `status` then says nothing. */
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
         * @description Server-sent events. With keys on, it carries a token that opens this stream without a header.
         */
        readonly stream: string;
      };
    };
    readonly PredictionList: {
      /**
       * Format: uri
       * @description The next page; null after the last one.
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
    /** @description Rows that were sent together, and their progress. */
    readonly Batch: {
      readonly id: string;
      /** @example millrace/iris */
      readonly model: string;
      /** @description Id of the version, 64 hex digits. */
      readonly version: string;
      /** @example 1.0.0 */
      readonly version_label: string;
      /**
       * @description `validating`: its rows are still arriving.
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
        /** @description Rows that ended without running, because the batch was canceled or expired. */
        readonly not_run: number;
      };
      /** @description Share of its rows that have ended. */
      readonly progress: number;
      /** @description Seconds at the present pace; null while unknown. */
      readonly estimated_time_left: number | null;
      /** @description Why it failed as a whole, for people. */
      readonly error: string | null;
      /** @description Stable, for programs. */
      readonly error_code: string | null;
      /** @description Seconds; rows that have not run within this time never do. */
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
       * @description When it reached its final status.
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
       * @description `degraded`: it works, but less well.
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
      /** @description Parts that are down, by name; empty while the process is ready. */
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
      /** @description What works less well, one sentence each; present when the status is `degraded`. */
      readonly degraded?: readonly string[];
    };
    readonly InferenceServer: {
      readonly name: string;
      readonly version: string;
      readonly extensions: readonly string[];
    };
    readonly InferenceLive: {
      readonly live: boolean;
    };
    readonly InferenceReady: {
      readonly ready: boolean;
      readonly live: boolean;
    };
    readonly InferenceModelReady: {
      readonly name: string;
      readonly ready: boolean;
    };
    readonly InferenceModel: {
      readonly name: string;
      readonly versions: readonly string[];
      readonly platform: string;
      readonly inputs: readonly {
        readonly name: string;
        readonly datatype: string;
        /** @description -1 where the size varies. */
        readonly shape: readonly number[];
      }[];
      readonly outputs: readonly {
        readonly name: string;
        readonly datatype: string;
        /** @description -1 where the size varies. */
        readonly shape: readonly number[];
      }[];
      /** @description Title, task, and the tensors that hold several inputs at once. */
      readonly properties: {
        readonly [key: string]: string;
      };
    };
    readonly InferenceRequest: {
      /** @description Returned with the answer. */
      readonly id?: string;
      /** @description Accepted, without effect. */
      readonly parameters?: {
        readonly [key: string]: string | number | boolean;
      };
      readonly inputs: readonly {
        /** @description As named in the metadata of the model. */
        readonly name: string;
        /** @description The number of rows, then the shape of each row. */
        readonly shape: readonly number[];
        /** @enum {unknown} */
        readonly datatype:
          | 'BOOL'
          | 'UINT8'
          | 'UINT16'
          | 'UINT32'
          | 'UINT64'
          | 'INT8'
          | 'INT16'
          | 'INT32'
          | 'INT64'
          | 'FP32'
          | 'FP64'
          | 'BYTES'
          | 'FP16';
        /** @description Accepted, without effect. */
        readonly parameters?: {
          readonly [key: string]: string | number | boolean;
        };
        /** @description Row by row, flat or nested; null for a missing value. */
        readonly data: readonly unknown[];
      }[];
      /** @description The outputs to return; by default all. */
      readonly outputs?: readonly {
        readonly name: string;
        /** @description Accepted, without effect. */
        readonly parameters?: {
          readonly [key: string]: string | number | boolean;
        };
      }[];
    };
    /** @description One tensor per output, with all rows. */
    readonly InferenceAnswer: {
      readonly model_name: string;
      /** @description Label of the version. */
      readonly model_version: string;
      /** @description The id of the request, if it had one. */
      readonly id?: string;
      readonly outputs: readonly {
        readonly name: string;
        readonly datatype: string;
        readonly shape: readonly number[];
        readonly parameters?: {
          readonly [key: string]: string;
        };
        /** @description Row by row, flat. */
        readonly data: readonly unknown[];
      }[];
    };
    /** @description The rows are in the queue; each is a prediction. */
    readonly InferenceAccepted: {
      readonly model_name: string;
      /** @description Label of the version. */
      readonly model_version: string;
      /** @description The id of the request, if it had one. */
      readonly id?: string;
      readonly outputs: readonly {
        readonly name: string;
        readonly datatype: string;
        readonly shape: readonly number[];
        readonly parameters?: {
          readonly [key: string]: string;
        };
        /** @description Row by row, flat. */
        readonly data: readonly unknown[];
      }[];
      /** @description In the order of the rows. */
      readonly predictions: readonly {
        readonly id: string;
        readonly status: string;
        readonly urls: {
          /** Format: uri */
          readonly get: string;
          /** Format: uri */
          readonly cancel: string;
          /** Format: uri */
          readonly stream: string;
        };
      }[];
    };
    /** @description A problem (RFC 9457) that is also an error of the Open Inference Protocol. */
    readonly InferenceProblem: {
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
      /** @description Same as `detail`. */
      readonly error: string;
    };
    /** @description A file of requests, or of results. */
    readonly OpenAiFile: {
      readonly id: string;
      /** @enum {unknown} */
      readonly object: 'file';
      readonly bytes: number;
      /** @description Seconds since the epoch. */
      readonly created_at: number;
      /** @description Null for results, which are kept as long as their batch. */
      readonly expires_at: number | null;
      readonly filename: string;
      /** @enum {unknown} */
      readonly purpose: 'batch' | 'batch_output';
      /** @enum {unknown} */
      readonly status: 'processed';
    };
    readonly OpenAiFileList: {
      /** @enum {unknown} */
      readonly object: 'list';
      readonly data: readonly components['schemas']['OpenAiFile'][];
      readonly first_id: string | null;
      /** @description Give it as `after` for the next page. */
      readonly last_id: string | null;
      readonly has_more: boolean;
    };
    readonly OpenAiFileDeletion: {
      readonly id: string;
      /** @enum {unknown} */
      readonly object: 'file';
      readonly deleted: boolean;
    };
    readonly OpenAiBatchRequest: {
      readonly input_file_id: string;
      /** @enum {unknown} */
      readonly endpoint: '/v1/predictions';
      /**
       * @description Requests that have not run within this time never do: `1s` to `7d`.
       * @example 24h
       */
      readonly completion_window: string;
      /** @description Up to 16 short strings, returned with the batch. */
      readonly metadata?: {
        readonly [key: string]: string;
      } | null;
    };
    /** @description A batch, as clients of OpenAI know it. */
    readonly OpenAiBatch: {
      readonly id: string;
      /** @enum {unknown} */
      readonly object: 'batch';
      readonly endpoint: string;
      readonly model: string | null;
      /** @description Why it failed as a whole. */
      readonly errors: {
        /** @enum {unknown} */
        readonly object: 'list';
        readonly data: readonly {
          /** @description Stable, for programs. */
          readonly code: string;
          readonly message: string;
          /** @description Line of the file, from 1; blank lines are not counted. */
          readonly line: number | null;
          readonly param: string | null;
        }[];
      } | null;
      readonly input_file_id: string;
      readonly completion_window: string;
      /** @enum {unknown} */
      readonly status: 'validating' | 'in_progress' | 'completed' | 'failed' | 'expired' | 'cancelling' | 'cancelled';
      /** @description The answers, once all requests have ended. */
      readonly output_file_id: string | null;
      /** @description The requests without an answer, once all have ended. */
      readonly error_file_id: string | null;
      /** @description Seconds since the epoch. */
      readonly created_at: number;
      /** @description Seconds since the epoch. */
      readonly in_progress_at: number | null;
      /** @description Seconds since the epoch. */
      readonly expires_at: number | null;
      /** @description Seconds since the epoch. */
      readonly finalizing_at: number | null;
      /** @description Seconds since the epoch. */
      readonly completed_at: number | null;
      /** @description Seconds since the epoch. */
      readonly failed_at: number | null;
      /** @description Seconds since the epoch. */
      readonly expired_at: number | null;
      /** @description Seconds since the epoch. */
      readonly cancelling_at: number | null;
      /** @description Seconds since the epoch. */
      readonly cancelled_at: number | null;
      readonly request_counts: {
        readonly total: number;
        readonly completed: number;
        readonly failed: number;
      };
      readonly metadata: {
        readonly [key: string]: string;
      } | null;
    };
    readonly OpenAiBatchList: {
      /** @enum {unknown} */
      readonly object: 'list';
      readonly data: readonly components['schemas']['OpenAiBatch'][];
      readonly first_id: string | null;
      /** @description Give it as `after` for the next page. */
      readonly last_id: string | null;
      readonly has_more: boolean;
    };
    /** @description A problem (RFC 9457) that is also an error in OpenAI's form. */
    readonly OpenAiProblem: {
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
      readonly error: {
        readonly message: string;
        readonly type: string;
        readonly param: string | null;
        readonly code: string;
      };
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
