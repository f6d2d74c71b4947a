/** The fleet that a command talks to. */
import { type ClientOptions, MillraceClient } from '#client/millrace-client';

export interface Target {
  readonly url: string;
  /** API key; null where the fleet asks for none. */
  readonly key: string | null;
}

export function clientOf(target: Target): MillraceClient {
  return new MillraceClient(optionsOf(target));
}

/** Says at once what is wrong: who is at a terminal decides whether to try again, and `batch` has a patience of its own. */
export function optionsOf({ url, key }: Target): ClientOptions {
  return { url, retries: 0, ...(key === null ? {} : { key }) };
}
