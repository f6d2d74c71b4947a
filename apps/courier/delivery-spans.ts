/** A span a try of a delivery, where the courier traces and the trace of its prediction or batch is sampled. */
import type { DeliveryAttempt } from '#domain/delivery';
import type { TakenDelivery } from '#queue/deliveries';
import { formatTraceparent, parseTraceparent } from '#telemetry/trace-context';
import type { Tracing } from '#telemetry/tracing';

export interface DeliverySpan {
  /** For the receiver, whose work is a part of it. */
  readonly traceparent: string;
  end(attempt: DeliveryAttempt): void;
}

export class DeliverySpans {
  constructor(private readonly tracing: Tracing) {}

  begin({ id, tries, trace }: TakenDelivery): DeliverySpan | null {
    const parent = parseTraceparent(trace?.traceparent);
    if (parent?.isSampled !== true) return null;
    const span = this.tracing.begin({
      name: 'deliver webhook',
      kind: 'client',
      parent,
      attributes: { 'http.request.method': 'POST', 'millrace.delivery': id, 'millrace.attempt': tries + 1 },
    });
    return {
      traceparent: formatTraceparent(span),
      end({ status, error }) {
        const attributes = status === null ? {} : { 'http.response.status_code': status };
        span.end({ attributes, error: error ?? (status !== null && status >= 300 ? String(status) : null) });
      },
    };
  }
}
