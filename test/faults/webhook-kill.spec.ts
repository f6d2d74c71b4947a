/**
 * No window in which a callback is lost: while 500 predictions run, worker and courier are killed with -9 at moments that
 * nobody chose, and each event arrives.
 */
import { expect, it, onTestFinished } from 'vitest';
import type { App, FleetProcess } from '#testing/fleet';
import { until } from '#testing/patience';
import { forEach, IRIS, post } from '#testing/predictions';
import { WebhookReceiver } from '#testing/webhook-receiver';
import { fleetFor } from '../stage.js';

const PREDICTIONS = 500;
const EVENTS = ['start', 'completed'];
const KILLS = 4;

const fleet = fleetFor('test', { WEBHOOK_ALLOW_PRIVATE: 'true' });

it('each of 500 predictions is told of, whoever dies meanwhile', async () => {
  const hooks = await new WebhookReceiver().start();
  onTestFinished(() => hooks.stop());
  // A receiver that takes its time, so that there is something under way whenever somebody dies.
  hooks.answering = (_, response) => void setTimeout(() => response.writeHead(204).end(), Math.random() * 20);
  const { api } = await fleet.pair();
  await fleet.courier();
  const live = new Map<App, FleetProcess>();
  const launch = async (app: 'worker' | 'courier'): Promise<void> =>
    void live.set(app, await fleet.launch(app).ready());
  await Promise.all([launch('worker'), launch('courier')]);

  const killing = (async () => {
    for (let i = 0; i < KILLS; i += 1) {
      // A random moment between two arrivals.
      const arrived = Math.round(((i + Math.random()) / KILLS) * PREDICTIONS * EVENTS.length);
      await until(() => hooks.received.length >= arrived, { deadlineMs: 90_000, what: `${arrived} webhooks` });
      for (const app of ['worker', 'courier'] as const) {
        await live.get(app)!.kill();
        await launch(app);
      }
    }
  })();
  const ids = await forEach(Array.from({ length: PREDICTIONS }), 8, async () => {
    const wish = { webhook: hooks.url(), webhook_events_filter: EVENTS };
    const { status, json } = await post(api, { ...IRIS, ...wish });
    expect(status).toBe(201);
    return json.id;
  });
  await killing;
  const wanted = new Set(ids.flatMap((id) => EVENTS.map((event) => `${id}-${event}`)));
  await until(() => [...wanted].every((id) => hooks.ids.has(id)), { deadlineMs: 90_000, what: 'the last webhook' });
  // None missing, none that nobody ordered, and however often an event was sent, with the one id and body that it has.
  expect(hooks.ids).toEqual(wanted);
  const texts = new Map<string, string>();
  for (const { headers, json, text } of hooks.received) {
    const id = String(headers['webhook-id']);
    expect(text).toBe(texts.get(id) ?? text);
    texts.set(id, text);
    expect(id.startsWith(json.id)).toBe(true);
    expect(id.endsWith('-start') ? ['processing', 'succeeded'] : ['succeeded']).toContain(json.status);
  }
}, 480_000);
