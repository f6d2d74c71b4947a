/**
 * Looks up the host of a webhook when it is asked for, so that a name that leads inside is refused where its client sees
 * it. Only a courtesy: a name may lead elsewhere a moment later, so every send looks again. Hence what does not resolve
 * now, or not in time, is let through; only what does lead where nobody may go is refused.
 */
import { isIP } from 'node:net';
import { type EndpointGuard, hostOf, type Refusal } from './endpoint-guard.js';

export interface HostCheckOptions {
  /** For one caller, its turn included. */
  readonly timeoutMs?: number;
  readonly now?: () => number;
}

const TIMEOUT_MS = 1_000;
/** A flood of webhooks to one host is one look-up. */
const FRESH_MS = 5_000;
const MOST_HOSTS = 1_000;
/** Only a courtesy: it takes little from others. */
const AT_ONCE = 2;

type Answer = Refusal | null;

export class HostCheck {
  readonly #known = new Map<string, { readonly answer: Promise<Answer>; readonly untilMs: number }>();
  readonly #turns: (() => void)[] = [];
  #busy = 0;
  readonly #timeoutMs: number;
  readonly #now: () => number;

  constructor(
    private readonly guard: Pick<EndpointGuard, 'resolve'>,
    { timeoutMs = TIMEOUT_MS, now = Date.now }: HostCheckOptions = {},
  ) {
    this.#timeoutMs = timeoutMs;
    this.#now = now;
  }

  /** @returns why nobody may go there, or null */
  async refusalOf(url: URL): Promise<Answer> {
    // Its text has said where it leads.
    if (isIP(hostOf(url)) !== 0) return null;
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, this.#timeoutMs, null);
    });
    try {
      return await Promise.race([this.#answerOf(url), tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  #answerOf(url: URL): Promise<Answer> {
    const host = hostOf(url);
    const known = this.#known.get(host);
    if (known !== undefined && known.untilMs > this.#now()) return known.answer;
    if (this.#known.size >= MOST_HOSTS) this.#known.clear();
    const answer = this.#inTurn(() => this.#lookUp(url));
    this.#known.set(host, { answer, untilMs: this.#now() + FRESH_MS });
    return answer;
  }

  async #lookUp(url: URL): Promise<Answer> {
    const verdict = await this.guard.resolve(url);
    return verdict.ok || verdict.code === 'unresolvable' ? null : verdict;
  }

  async #inTurn(work: () => Promise<Answer>): Promise<Answer> {
    const comeAtMs = this.#now();
    if (this.#busy < AT_ONCE) this.#busy += 1;
    else await new Promise<void>((resolve) => this.#turns.push(resolve));
    try {
      // Whoever asked has gone on without an answer; the next one need not.
      return this.#now() - comeAtMs > this.#timeoutMs ? null : await work();
    } finally {
      const next = this.#turns.shift();
      if (next === undefined) this.#busy -= 1;
      else next();
    }
  }
}
