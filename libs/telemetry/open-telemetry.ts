/** The OpenTelemetry SDK behind `Tracing`; loaded by `openTracing` and nobody else. */
import {
  ROOT_CONTEXT,
  type Span,
  SpanKind as Kind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Tracer,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { SpanReference } from './trace-context.js';
import type { OpenSpan, SamplerName, SpanEnd, SpanKind, SpanStart, Tracing, TracingOptions } from './tracing.js';

const SENDING_MS = 10_000;
const STOP_MS = 2_000;

export function startOpenTelemetry(options: TracingOptions): Tracing {
  const exporter = new OTLPTraceExporter({
    url: `${options.endpoint.replace(/\/+$/, '')}/v1/traces`,
    headers: { ...options.headers },
    timeoutMillis: SENDING_MS,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.namespace': 'millrace',
      'service.name': options.serviceName,
      'service.version': options.serviceVersion,
      'process.pid': process.pid,
      ...options.resource,
    }),
    sampler: samplerOf(options.sampler, options.ratio),
    // It holds 2,048 spans and drops what is above: a collector that is away costs no memory.
    spanProcessors: [new BatchSpanProcessor({ exporter: reporting(exporter, options.onError) })],
  });
  return new OpenTelemetry(provider, provider.getTracer('millrace', options.serviceVersion));
}

class OpenTelemetry implements Tracing {
  constructor(
    private readonly provider: TracerProvider,
    private readonly tracer: Tracer,
  ) {}

  begin(start: SpanStart): OpenSpan {
    const span = this.#start(start, undefined);
    const { traceId, spanId, traceFlags } = span.spanContext();
    const isSampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
    return { traceId, spanId, isSampled, end: (end) => finish(span, end, undefined) };
  }

  record(start: SpanStart, end: SpanEnd & { readonly startMs: number; readonly endMs: number }): void {
    finish(this.#start(start, end.startMs), end, end.endMs);
  }

  async stop(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, STOP_MS)));
    await Promise.race([this.provider.shutdown().catch(() => undefined), late]);
    clearTimeout(timer);
  }

  #start({ name, kind, parent, attributes }: SpanStart, startTime: number | undefined): Span {
    const context = parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, toContext(parent));
    return this.tracer.startSpan(
      name,
      { kind: KINDS[kind], attributes, ...(startTime === undefined ? {} : { startTime }) },
      context,
    );
  }
}

const KINDS: Readonly<Record<SpanKind, Kind>> = {
  server: Kind.SERVER,
  client: Kind.CLIENT,
  consumer: Kind.CONSUMER,
  internal: Kind.INTERNAL,
};

function toContext({ traceId, spanId, isSampled }: SpanReference): ReturnType<Span['spanContext']> {
  return { traceId, spanId, traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE, isRemote: true };
}

function finish(span: Span, { attributes, error }: SpanEnd, endTime: number | undefined): void {
  span.setAttributes(attributes);
  if (error !== null) span.setAttribute('error.type', error).setStatus({ code: SpanStatusCode.ERROR });
  span.end(endTime);
}

function samplerOf(name: SamplerName, ratio: number): Sampler {
  if (name.startsWith('parentbased_')) {
    return new ParentBasedSampler({ root: samplerOf(name.slice('parentbased_'.length) as SamplerName, ratio) });
  }
  if (name === 'always_off') return new AlwaysOffSampler();
  return name === 'always_on' ? new AlwaysOnSampler() : new TraceIdRatioBasedSampler(ratio);
}

/** The processor keeps what went wrong to itself. */
function reporting(exporter: OTLPTraceExporter, onError: (error: Error) => void): SpanExporter {
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        if (result.error !== undefined) onError(result.error);
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush(),
  };
}
