/**
 * Spans for an operator's collector. Without one nothing of OpenTelemetry is loaded, and whoever would trace holds null.
 *
 * What is traced is small and known, so there is no instrumentation that patches modules, and no context that follows
 * asynchronous work: a prediction carries its parent itself, through a queue whose jobs hold those of many callers.
 */
import type { SpanReference } from './trace-context.js';

export type SpanKind = 'server' | 'client' | 'consumer' | 'internal';
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** A span as it begins. */
export interface SpanStart {
  /** Of bounded cardinality: no id in it. */
  readonly name: string;
  readonly kind: SpanKind;
  /** Null begins a trace. */
  readonly parent: SpanReference | null;
  readonly attributes: Attributes;
}

/** How a span ended. */
export interface SpanEnd {
  readonly attributes: Attributes;
  /** A stable code, where it failed. */
  readonly error: string | null;
}

export interface OpenSpan extends SpanReference {
  /** The first call counts. */
  end(end: SpanEnd): void;
}

export interface Tracing {
  begin(start: SpanStart): OpenSpan;
  /** A span that is over. */
  record(start: SpanStart, end: SpanEnd & { readonly startMs: number; readonly endMs: number }): void;
  /** Sends what was not sent; at most two seconds. */
  stop(): Promise<void>;
}

export interface TracingOptions {
  /** Base address of an OTLP/HTTP receiver. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  readonly serviceVersion: string;
  /** What else is known of this process. */
  readonly resource: Readonly<Record<string, string>>;
  readonly sampler: SamplerName;
  /** Share of traces, where the sampler wants one. */
  readonly ratio: number;
  /** Spans could not be sent. */
  readonly onError: (error: Error) => void;
}

export type SamplerName =
  | 'always_on'
  | 'always_off'
  | 'traceidratio'
  | 'parentbased_always_on'
  | 'parentbased_always_off'
  | 'parentbased_traceidratio';

export async function openTracing(options: TracingOptions): Promise<Tracing> {
  const { startOpenTelemetry } = await import('./open-telemetry.js');
  return startOpenTelemetry(options);
}
