/** Which webhooks a client may ask for; what is wrong is said when the prediction is created. */
import { invalidFields } from '#contract/problem';
import type { Callback, EventKind } from '#domain/callback';
import type { EndpointGuard, Refusal } from '#webhooks/endpoint-guard';
import type { HostCheck } from '#webhooks/host-check';

export interface CallbackWish {
  readonly url: string | null;
  readonly events: readonly EventKind[] | null;
  readonly owner: string;
  readonly baseUrl: string;
}

const DEFAULT_EVENTS: readonly EventKind[] = ['completed'];
const POINTER = '/webhook';

export class WebhookRules {
  /** @param hosts null where a host may lead anywhere */
  constructor(
    private readonly guard: Pick<EndpointGuard, 'checkUrl'>,
    private readonly hosts: Pick<HostCheck, 'refusalOf'> | null,
  ) {}

  /**
   * By the text of the URL.
   * @throws ProblemError 422 for a URL that will not be called
   */
  callback({ url, events, owner, baseUrl }: CallbackWish): Callback {
    const href = url === null ? null : this.#parse(url).href;
    return { url: href, events: events ?? DEFAULT_EVENTS, owner, baseUrl };
  }

  /**
   * By the addresses of its host as well, as far as they can be had at once; every send looks them up again.
   * @throws ProblemError 422 for a URL that will not be called
   */
  async requirePublicHost(url: string): Promise<void> {
    const parsed = this.#parse(url);
    const refusal = (await this.hosts?.refusalOf(parsed)) ?? null;
    if (refusal !== null) throw refuse(refusal);
  }

  #parse(url: string): URL {
    const verdict = this.guard.checkUrl(url);
    if (!verdict.ok) throw refuse(verdict);
    return verdict.url;
  }
}

function refuse({ code, detail }: Refusal): Error {
  return invalidFields([{ pointer: POINTER, code, detail }]);
}
