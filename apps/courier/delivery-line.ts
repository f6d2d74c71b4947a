/** One line a try of a delivery: failures always, the rest up to fifty a second. Never its URL, which may hold a secret. */
import type { DeliveryAttempt } from '#domain/delivery';
import type { AttemptEnd, TakenDelivery } from '#queue/deliveries';
import type { Logger } from '#telemetry/logger';
import { RateGate } from '#telemetry/sampling';
import { parseTraceparent } from '#telemetry/trace-context';

const LINES_PER_SECOND = 50;

type AttemptListener = (delivery: TakenDelivery, attempt: DeliveryAttempt, end: AttemptEnd['kind']) => void;

export function attemptLine(logger: Logger): AttemptListener {
  const gate = new RateGate(LINES_PER_SECOND);
  return (delivery, attempt, end) => {
    const { id, tries, createdAtMs, trace } = delivery;
    const isBad = end !== 'delivered';
    const suppressed = isBad ? 0 : gate.pass();
    if (suppressed === null) return;
    logger[isBad ? 'warn' : 'info'](
      {
        delivery: id,
        ...traced(trace),
        attempt: tries + 1,
        status: attempt.status,
        error: attempt.error,
        ...(isBad ? { category: 'receiver', code: attempt.error ?? `http_${attempt.status ?? 0}` } : {}),
        duration_ms: attempt.durationMs,
        since_event_ms: Math.max(0, Date.now() - createdAtMs),
        end,
        ...(suppressed > 0 ? { suppressed } : {}),
      },
      'delivery attempt',
    );
  };
}

function traced(trace: TakenDelivery['trace']): object {
  if (trace === null) return {};
  const span = parseTraceparent(trace.traceparent);
  return { request_id: trace.requestId, ...(span === null ? {} : { trace_id: span.traceId }) };
}
