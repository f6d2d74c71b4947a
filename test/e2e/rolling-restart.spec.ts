/**
 * A new release goes out under load: two APIs behind a proxy that follows `/ready`, two workers and the courier are
 * replaced one by one, the new one first. No request fails, every prediction ends well, everybody is told.
 */
import { expect, it, onTestFinished } from 'vitest';
import type { FleetProcess } from '#testing/fleet';
import { type Answer, call } from '#testing/http';
import { goldenWishes, wrongAbout } from '#testing/golden-work';
import { until } from '#testing/patience';
import { ENDED } from '#testing/predictions';
import { ReadyProxy } from '#testing/ready-proxy';
import { WebhookReceiver } from '#testing/webhook-receiver';
import { fleetFor } from '../stage.js';

/** The proxy looks ten times a second, where the machine lets it. */
const fleet = fleetFor('test', { DRAIN_SECONDS: '5', WEBHOOK_ALLOW_PRIVATE: 'true' });
const CALLERS = 8;
const CLEAN = { code: 0, signal: null };

it('replaces every process under load, and no request fails', async () => {
  const proxy = await new ReadyProxy().start();
  onTestFinished(() => proxy.stop());
  const receiver = await new WebhookReceiver().start();
  onTestFinished(() => receiver.stop());
  const [workers, couriers] = await Promise.all([
    Promise.all([fleet.worker(), fleet.worker()]),
    Promise.all([fleet.courier()]),
  ]);
  const apis = await Promise.all([fleet.launch('api').ready(), fleet.launch('api').ready()]);
  for (const api of apis) await proxy.add(api);

  const load = new Load(proxy.url, receiver.url());
  const running = load.run();
  await load.goesOn();
  for (const old of apis) {
    await proxy.add(await fleet.launch('api').ready());
    await replaced(old, load);
  }
  for (const old of workers) {
    await fleet.worker();
    await replaced(old, load);
  }
  for (const old of couriers) {
    await fleet.courier();
    await replaced(old, load);
  }
  load.stop();
  await running;

  expect(load.failed).toEqual([]);
  expect(load.told.length).toBeGreaterThan(CALLERS);
  await until(() => load.told.every((id) => receiver.ids.has(`${id}-completed`)), {
    deadlineMs: 30_000,
    what: 'everybody to be told',
  });
});

async function replaced(old: FleetProcess, load: Load): Promise<void> {
  expect(await old.stop()).toEqual(CLEAN);
  await load.goesOn();
}

/** Callers that wait, that poll, and that are called back, one request after the other. */
class Load {
  /** What was not answered as it should be. */
  readonly failed: unknown[] = [];
  /** Predictions whose end a receiver has to hear of. */
  readonly told: string[] = [];
  #isOver = false;
  #ended = 0;

  constructor(
    private readonly url: string,
    private readonly webhook: string,
  ) {}

  async run(): Promise<void> {
    const wishes = await goldenWishes(400);
    let next = 0;
    const caller = async (_: unknown, number: number): Promise<void> => {
      while (!this.#isOver) {
        const wish = wishes[(next += 1) % wishes.length]!;
        const body = { version: wish.version, input: wish.input };
        const final = number % 2 === 0 ? await this.#wait(body) : await this.#poll(body);
        const wrong = final === null ? null : wrongAbout(wish, final.json);
        if (wrong !== null) this.failed.push(wrong);
        this.#ended += 1;
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
  }

  /** Resolves when as many have come to an end as there are callers, twice. */
  async goesOn(): Promise<void> {
    const goal = this.#ended + 2 * CALLERS;
    await until(() => this.#ended >= goal, { deadlineMs: 30_000, what: 'the load to go on' });
  }

  stop(): void {
    this.#isOver = true;
  }

  /** An API that stops answers those who wait as things stand: what they have is an id. */
  async #wait(body: object): Promise<Answer | null> {
    const answer = await this.#ask('POST', '/v1/predictions', 201, { body, headers: { prefer: 'wait=30' } });
    return answer === null ? null : this.#untilEnd(answer);
  }

  async #poll(body: object): Promise<Answer | null> {
    const events = ['completed'];
    const answer = await this.#ask('POST', '/v1/predictions', 201, {
      body: { ...body, webhook: this.webhook, webhook_events_filter: events },
    });
    if (answer === null) return null;
    this.told.push(answer.json.id);
    return this.#untilEnd(answer);
  }

  async #untilEnd(answer: Answer): Promise<Answer | null> {
    let last: Answer | null = answer;
    while (last !== null && !ENDED.includes(String(last.json.status))) {
      last = await this.#ask('GET', `/v1/predictions/${answer.json.id}?wait=10`, 200);
    }
    return last;
  }

  async #ask(method: string, route: string, status: number, options: object = {}): Promise<Answer | null> {
    try {
      const answer = await call(method, this.url + route, options);
      if (answer.status === status) return answer;
      this.failed.push([method, answer.status, answer.text]);
    } catch (error) {
      this.failed.push([method, String(error), String((error as Error).cause)]);
    }
    return null;
  }
}
