/** A delivery as it is shown. */
import { toTime, toTimeOrNull } from '#contract/time';
import type { Delivery, DeliveryAttempt } from '#domain/delivery';
import type { AttemptResource, DeliveryResource } from './deliveries.dto.js';

export function toResource(delivery: Delivery): DeliveryResource {
  const { id, url, event, subjectId, status, createdAtMs, nextAtMs, attempts } = delivery;
  return {
    id,
    url,
    event,
    subject: subjectId,
    status,
    created_at: toTime(createdAtMs),
    next_attempt_at: toTimeOrNull(nextAtMs),
    attempts: attempts.map(toAttempt),
  };
}

function toAttempt({ atMs, status, error, durationMs }: DeliveryAttempt): AttemptResource {
  return { at: toTime(atMs), status, error, duration: durationMs / 1_000 };
}
