/**
 * The addresses of a name, as name servers have them.
 *
 * The system's resolver takes one of Node's four threads until it has its answer: a few names whose servers say nothing
 * would keep the webhooks of everybody else waiting until they are too late. Questions that Node asks by itself wait for
 * nobody. They know no names of `/etc/hosts`, and of those none is public.
 */
import { Resolver } from 'node:dns/promises';

export interface ResolvedAddress {
  readonly address: string;
  /** 4 or 6. */
  readonly family: number;
}

/** Of one question; with the second try it takes 7 s at most. */
const PATIENCE = { timeout: 2_000, tries: 2 };

/**
 * @param servers to be asked instead of the machine's own
 * @returns none for a name that has none, or whose servers say nothing
 */
export async function lookUpName(hostname: string, servers?: readonly string[]): Promise<readonly ResolvedAddress[]> {
  // A new one knows the machine's servers of this moment.
  const resolver = new Resolver(PATIENCE);
  if (servers !== undefined) resolver.setServers(servers);
  const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  return answers.flatMap((answer, i) =>
    answer.status === 'rejected' ? [] : answer.value.map((address) => ({ address, family: i === 0 ? 4 : 6 })),
  );
}
