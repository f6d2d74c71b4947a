/** The fleet that a command talks to. */
import { MillraceClient } from '#client/millrace-client';

export interface Target {
  readonly url: string;
  /** API key; null where the fleet asks for none. */
  readonly key: string | null;
}

/** Says at once what is wrong: who is at a terminal decides whether to try again, and `batch` has a patience of its own. */
export function clientOf({ url, key }: Target): MillraceClient {
  return new MillraceClient({ url, retries: 0, ...(key === null ? {} : { key }) });
}
