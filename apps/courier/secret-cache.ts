import type { WebhookSecrets } from '#queue/webhook-secrets';

/** A rotation reaches every courier within this time, and the old secret signs along for a day. */
const FRESH_MS = 5_000;
const MOST_CLIENTS = 10_000;

/** Signing secrets by client, so that a flood of messages does not ask for the same one each time. */
export class SecretCache {
  readonly #known = new Map<string, { readonly secrets: Promise<readonly string[]>; readonly untilMs: number }>();

  constructor(private readonly source: Pick<WebhookSecrets, 'of'>) {}

  readonly of = (client: string): Promise<readonly string[]> => {
    const known = this.#known.get(client);
    if (known !== undefined && known.untilMs > Date.now()) return known.secrets;
    if (this.#known.size >= MOST_CLIENTS) this.#known.clear();
    const secrets = this.source.of(client);
    this.#known.set(client, { secrets, untilMs: Date.now() + FRESH_MS });
    secrets.catch(() => this.#known.delete(client));
    return secrets;
  };
}
