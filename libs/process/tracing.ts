import { buildOf } from '#config/build';
import type { Settings } from '#config/settings';
import type { Logger } from '#telemetry/logger';
import { openTracing, type SamplerName, type Tracing } from '#telemetry/tracing';
import { logRedisErrors } from './redis-errors.js';

/**
 * @param app which process speaks; where a trace begins its sampler decides, and everybody after it keeps to that
 * @returns null unless the settings name a collector
 */
export async function tracingOf(settings: Settings, app: string, logger: Logger): Promise<Tracing | null> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SDK_DISABLED: isDisabled } = settings;
  if (endpoint === undefined || isDisabled) return null;
  const sampler: SamplerName = app === 'api' ? settings.OTEL_TRACES_SAMPLER : 'parentbased_always_off';
  const tracing = await openTracing({
    endpoint,
    headers: settings.OTEL_EXPORTER_OTLP_HEADERS,
    serviceName: settings.OTEL_SERVICE_NAME ?? `millrace-${app}`,
    serviceVersion: buildOf(settings).version,
    resource: settings.OTEL_RESOURCE_ATTRIBUTES,
    sampler,
    ratio: settings.OTEL_TRACES_SAMPLER_ARG,
    onError: logRedisErrors(logger, 'spans could not be sent'),
  });
  logger.info('sends spans to a collector');
  return tracing;
}
