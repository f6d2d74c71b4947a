/**
 * Names that rules use and no process exports yet. A name leaves this list with the change that exports it; the test
 * beside it fails when one stays.
 */
export const PENDING_METRICS: readonly string[] = [
  'millrace_dead_letters',
  'millrace_degraded',
  'millrace_clock_skew_seconds',
  'millrace_executors_wanted',
  'millrace_model_workers',
  'millrace_queue_drain_seconds',
  'millrace_queue_oldest_waiting_seconds',
  'millrace_queue_predictions',
  'millrace_ready',
  'millrace_redis_noeviction',
  'millrace_redis_persistence',
  'millrace_redis_round_trip_seconds',
  'millrace_webhook_delivery_seconds_bucket',
  'millrace_webhook_delivery_seconds_count',
  'millrace_webhook_endpoints_open',
];
