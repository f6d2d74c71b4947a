/** A receiver of spans, as an OpenTelemetry collector is one: OTLP over HTTP, as JSON. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from './patience.js';

type Value = string | number | boolean;

/** What a test looks at; names and numbers are the protocol's. */
export interface CollectedSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first of a trace that nobody else began. */
  readonly parentSpanId: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly startMs: number;
  readonly endMs: number;
  /** 2 is an error. */
  readonly status: number;
  readonly attributes: Readonly<Record<string, Value>>;
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, Value>>;
}

interface RawSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status?: { readonly code?: number };
  readonly attributes?: readonly Attribute[];
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly RawSpan[] }[];
  }[];
}

export class TraceCollector {
  readonly spans: CollectedSpan[] = [];
  readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders; readonly text: string }[] = [];
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      this.requests.push({ path: request.url ?? '', headers: request.headers, text });
      this.spans.push(...spansOf(JSON.parse(text) as Export));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The first span with that name, or the one that comes. @param traceId null for any trace */
  async span(traceId: string | null, name: string): Promise<CollectedSpan> {
    const matches = (span: CollectedSpan): boolean =>
      (traceId === null || span.traceId === traceId) && span.name === name;
    return until(() => this.spans.find(matches), { deadlineMs: 60_000, what: `a span ${name} of ${traceId ?? 'any'}` });
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

function spansOf({ resourceSpans }: Export): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(valuesOf(resource.attributes)['service.name']);
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => toSpan(service, span)));
  });
}

function toSpan(service: string, span: RawSpan): CollectedSpan {
  const { traceId, spanId, parentSpanId = '', name, kind, status, attributes = [] } = span;
  const startMs = Number(span.startTimeUnixNano) / 1e6;
  const endMs = Number(span.endTimeUnixNano) / 1e6;
  const code = status?.code ?? 0;
  return {
    service,
    traceId,
    spanId,
    parentSpanId,
    name,
    kind,
    startMs,
    endMs,
    status: code,
    attributes: valuesOf(attributes),
  };
}

function valuesOf(attributes: readonly Attribute[]): Record<string, Value> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0] ?? '']));
}
