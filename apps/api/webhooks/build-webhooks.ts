/** The parts of the API that know of webhooks; sending them is the courier's work. */
import type { Settings } from '#config/settings';
import { Deliveries } from '#queue/deliveries';
import type { ModelQueues } from '#queue/model-queues';
import { WebhookSecrets } from '#queue/webhook-secrets';
import { EndpointGuard } from '#webhooks/endpoint-guard';
import { HostCheck } from '#webhooks/host-check';
import { newSecret } from '#webhooks/signature';
import { WebhookRules } from './webhook-rules.js';

export interface Webhooks {
  readonly rules: WebhookRules;
  readonly deliveries: Deliveries;
  readonly secrets: WebhookSecrets;
}

export function buildWebhooks(settings: Settings, { redis, catalogue }: ModelQueues): Webhooks {
  // Elsewhere nobody could set it.
  const hint = settings.APP_ENV === 'local' ? { hint: 'WEBHOOK_ALLOW_PRIVATE=true allows it on this machine' } : {};
  const guard = new EndpointGuard({ allowPrivate: settings.WEBHOOK_ALLOW_PRIVATE, ...hint });
  return {
    rules: new WebhookRules(guard, settings.WEBHOOK_ALLOW_PRIVATE ? null : new HostCheck(guard)),
    deliveries: new Deliveries(redis, catalogue, settings.RESULT_TTL_SECONDS),
    secrets: new WebhookSecrets(redis, catalogue, newSecret),
  };
}
