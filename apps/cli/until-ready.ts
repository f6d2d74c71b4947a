/** Waits until a fleet can answer: the API is ready, and so is every worker. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceClient, MillraceUnreachableError, type Readiness } from '#client/millrace-client';
import type { Fleet } from './fleet.js';

const POLL_MS = 100;
/**
 * With every worker ready the API may still say `degraded`, when workers serve some of its models only; it sees a new
 * worker within a few seconds, so after this time that is how the fleet is meant to be.
 */
const SETTLE_MS = 8_000;

/**
 * @param onState called with what is still missing, as a phrase
 * @returns what works less well although everything has started
 */
export async function untilReady(
  fleet: Fleet,
  apiUrl: () => string,
  onState: (state: string) => void,
  signal: AbortSignal,
): Promise<readonly string[]> {
  let allReadyAt: number | null = null;
  for (;;) {
    signal.throwIfAborted();
    const missing = await missingOf(fleet);
    // Asked last: it knows of workers only what they have told the queue.
    const api = missing.length > 0 ? null : await readinessOf(apiUrl());
    if (api?.ready === true) {
      if (api.status !== 'degraded') return [];
      allReadyAt ??= Date.now();
      if (Date.now() - allReadyAt > SETTLE_MS) return api.degraded;
    } else {
      allReadyAt = null;
    }
    onState(missing.length > 0 ? `waiting for ${missing.join(', ')}` : inWords(api));
    await sleep(POLL_MS, undefined, { signal });
  }
}

function inWords(api: Readiness | null): string {
  const [first = 'waiting for api', ...more] = api?.degraded ?? [];
  return more.length === 0 ? first : `${first} (and ${more.length} more)`;
}

/** Names of the processes that are not ready by their own account. */
async function missingOf(fleet: Fleet): Promise<string[]> {
  const states = await Promise.all(
    fleet.names.map(async (name) => {
      const address = fleet.address(name);
      if (address === undefined) return { name, ready: false };
      return { name, ready: (await readinessOf(address.opsUrl))?.ready === true };
    }),
  );
  return states.filter(({ ready }) => !ready).map(({ name }) => name);
}

async function readinessOf(url: string): Promise<Readiness | null> {
  try {
    return await new MillraceClient({ url }).ready();
  } catch (error) {
    if (error instanceof MillraceUnreachableError) return null; // It has just died, or does not listen yet.
    throw error;
  }
}
