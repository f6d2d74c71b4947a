/** Which webhooks a client may ask for; what is wrong is said when the prediction is created. */
import { invalidFields } from '#contract/problem';
import type { Callback, EventKind } from '#domain/callback';
import type { EndpointGuard } from '#webhooks/endpoint-guard';

export interface CallbackWish {
  readonly url: string | null;
  readonly events: readonly EventKind[] | null;
  readonly owner: string;
  readonly baseUrl: string;
}

const DEFAULT_EVENTS: readonly EventKind[] = ['completed'];

export class WebhookRules {
  constructor(private readonly guard: Pick<EndpointGuard, 'checkUrl'>) {}

  /** @throws ProblemError 422 for a URL that will not be called */
  callback({ url, events, owner, baseUrl }: CallbackWish, pointer = '/webhook'): Callback {
    const verdict = url === null ? null : this.guard.checkUrl(url);
    if (verdict?.ok === false) throw invalidFields([{ pointer, code: verdict.code, detail: verdict.detail }]);
    return { url: verdict === null ? null : verdict.url.href, events: events ?? DEFAULT_EVENTS, owner, baseUrl };
  }
}
