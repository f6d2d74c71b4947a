/**
 * Sends what is owed, as long as something is due and there are hands free.
 *
 * take (a lease in Redis) -> sign -> send -> judge -> finish. A courier that dies between take and finish has not tried:
 * the lease ends, and another one takes it.
 */
import { type DeliveryAttempt, judgeAttempt, pauseBeforeRetry } from '#domain/delivery';
import type { AttemptEnd, Deliveries, TakenDelivery } from '#queue/deliveries';
import { sign } from '#webhooks/signature';
import type { Attempt, WebhookClient } from '#webhooks/webhook-client';
import type { DeliverySpan, DeliverySpans } from './delivery-spans.js';

/**
 * Tries under way at once, of all endpoints together. A hand is an open connection and costs little; there are more than
 * any host or client gets, so that nobody's slowness leaves none for the others.
 */
const HANDS = 1_000;
/** One script in Redis hands out no more: it keeps everybody else waiting while it does. */
const TAKEN_AT_ONCE = 64;
const LONGEST_SLEEP_MS = 1_000;
const AFTER_ERROR_MS = 500;

export interface DelivererObserver {
  onAttempt(delivery: TakenDelivery, attempt: DeliveryAttempt, end: AttemptEnd['kind']): void;
  /** So many had no try left in their time: they are dead letters. */
  onGivenUp(count: number): void;
  onError(error: Error): void;
}

export class Deliverer {
  #busy = 0;
  #stopped = false;
  #wake: () => void = () => undefined;
  #woken = false;
  #ended: Promise<void> = Promise.resolve();
  readonly #underway = new Set<Promise<void>>();

  constructor(
    private readonly deliveries: Deliveries,
    private readonly client: WebhookClient,
    private readonly secretsOf: (client: string) => Promise<readonly string[]>,
    private readonly observer: DelivererObserver,
    private readonly spans: DeliverySpans | null = null,
  ) {}

  start(): void {
    this.#ended = this.#run();
  }

  /** Something may be due: look now. */
  wake(): void {
    this.#woken = true;
    this.#wake();
  }

  /** Takes no more; resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.wake();
    await this.#ended;
    await Promise.all(this.#underway);
  }

  async #run(): Promise<void> {
    while (!this.#isStopped()) {
      this.#woken = false;
      const sleepMs = await this.#takeAndSend();
      if (sleepMs > 0) await this.#sleep(sleepMs);
    }
  }

  #isStopped(): boolean {
    return this.#stopped;
  }

  /** @returns milliseconds for which nothing is due */
  async #takeAndSend(): Promise<number> {
    if (this.#busy >= HANDS) return LONGEST_SLEEP_MS;
    try {
      const { deliveries, nextInMs, givenUp } = await this.deliveries.take(Math.min(TAKEN_AT_ONCE, HANDS - this.#busy));
      for (const delivery of deliveries) this.#begin(delivery);
      if (givenUp > 0) this.observer.onGivenUp(givenUp);
      return Math.min(LONGEST_SLEEP_MS, nextInMs ?? LONGEST_SLEEP_MS);
    } catch (error) {
      this.observer.onError(error as Error);
      return AFTER_ERROR_MS;
    }
  }

  #begin(delivery: TakenDelivery): void {
    this.#busy += 1;
    const work = this.#deliver(delivery)
      .catch((error: unknown) => this.observer.onError(error as Error))
      .finally(() => {
        this.#busy -= 1;
        this.#underway.delete(work);
        // Its end may have made room for the next one of its endpoint.
        this.wake();
      });
    this.#underway.add(work);
  }

  async #deliver(delivery: TakenDelivery): Promise<void> {
    const body = Buffer.from(delivery.body);
    const secrets = await this.secretsOf(delivery.client);
    const span = this.spans?.begin(delivery) ?? null;
    const headers = {
      ...sign(delivery.id, Math.floor(Date.now() / 1_000), body, secrets),
      'content-type': 'application/json',
      'user-agent': 'Millrace-Webhooks/1',
      ...traceHeaders(delivery, span),
    };
    const sent = await this.client.send({ url: delivery.url, headers, body });
    const attempt = toAttempt(sent);
    const end = endOf(delivery, sent, attempt);
    span?.end(attempt);
    await this.deliveries.finish(delivery.id, attempt, end);
    this.observer.onAttempt(delivery, attempt, end.kind);
  }

  async #sleep(ms: number): Promise<void> {
    if (this.#woken) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** The receiver can find our lines by the one, and go on with the trace by the other. */
function traceHeaders({ trace }: TakenDelivery, span: DeliverySpan | null): Record<string, string> {
  if (trace === null) return {};
  const traceparent = span?.traceparent ?? trace.traceparent;
  return { 'x-request-id': trace.requestId, ...(traceparent === undefined ? {} : { traceparent }) };
}

function toAttempt(sent: Attempt): DeliveryAttempt {
  const atMs = Date.now() - sent.durationMs;
  return sent.kind === 'answered'
    ? { atMs, status: sent.status, error: null, durationMs: sent.durationMs }
    : { atMs, status: null, error: sent.code, durationMs: sent.durationMs };
}

function endOf({ tries }: TakenDelivery, sent: Attempt, attempt: DeliveryAttempt): AttemptEnd {
  const verdict = judgeAttempt(attempt);
  if (verdict !== 'retry') return { kind: verdict };
  const asked = sent.kind === 'answered' ? sent.retryAfterMs : null;
  const pauseMs = pauseBeforeRetry(tries + 1, asked, Math.random());
  return pauseMs === null ? { kind: 'dead' } : { kind: 'retry', pauseMs };
}
