/** The fleet that a command talks to. */
import { MillraceClient } from '#client/millrace-client';

export interface Target {
  readonly url: string;
  /** API key; null where the fleet asks for none. */
  readonly key: string | null;
}

export function clientOf({ url, key }: Target): MillraceClient {
  return new MillraceClient({ url, ...(key === null ? {} : { key }) });
}
