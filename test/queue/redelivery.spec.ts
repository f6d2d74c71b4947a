/** The whole life of a delivery that nobody wants: ten tries, a dead letter, and sent again when its client asks. */
import { expect, it, onTestFinished } from 'vitest';
import { MOST_TRIES } from '#domain/delivery';
import { Deliveries, endpointOf } from '#queue/deliveries';
import { until } from '#testing/patience';
import { QueueCorner } from '#testing/queue-corner';
import { WebhookReceiver } from '#testing/webhook-receiver';
import { EndpointGuard } from '#webhooks/endpoint-guard';
import { newSecret } from '#webhooks/signature';
import { WebhookClient } from '#webhooks/webhook-client';
import { Deliverer } from '../../apps/courier/deliverer.js';

const ID = `p${'0'.repeat(24)}-completed`;

async function courierOf(corner: QueueCorner, deliveries: Deliveries): Promise<Deliverer> {
  const client = new WebhookClient({ guard: new EndpointGuard({ allowPrivate: true }) });
  const secrets = [newSecret()];
  const deliverer = new Deliverer(deliveries, client, () => Promise.resolve(secrets), {
    onAttempt: () => undefined,
    onGivenUp: () => undefined,
    onError: corner.onError,
  });
  onTestFinished(async () => {
    await deliverer.stop();
    await client.close();
  });
  deliverer.start();
  return deliverer;
}

it('is tried ten times, buried, and delivered with the same id and body when it is sent again', async () => {
  const corner = await QueueCorner.open();
  const deliveries = new Deliveries(corner.redis, corner.catalogue, 3_600);
  const hooks = await new WebhookReceiver().start();
  onTestFinished(() => hooks.stop());
  hooks.answering = (_, response) => void response.writeHead(500).end();
  const url = hooks.url();
  const event = {
    id: ID,
    kind: 'completed',
    client: 'shop',
    subjectId: ID.split('-')[0]!,
    url,
    body: '{"n":1}',
    trace: null,
    hasEnded: true,
  } as const;
  await deliveries.owe(event);
  const deliverer = await courierOf(corner, deliveries);

  const triesAre = (tries: number) =>
    until(
      async () => {
        const delivery = await deliveries.read(ID);
        return delivery?.attempts.length === tries && delivery;
      },
      { deadlineMs: 20_000, what: `try ${tries}` },
    );
  // Its time comes: the clock is Redis's, so the test moves the marks and not the clock.
  const endpoint = endpointOf('shop', url);
  const key = (name: string): string => corner.catalogue.courierKey(name);
  for (let tries = 1; tries < MOST_TRIES; tries += 1) {
    expect(await triesAre(tries)).toMatchObject({ status: 'pending' });
    await corner.redis.zadd(key(`owed:${endpoint}`), 0, ID);
    await corner.redis.zadd(key('endpoints'), 0, endpoint);
    deliverer.wake();
  }
  expect(await triesAre(MOST_TRIES)).toMatchObject({ status: 'failed', nextAtMs: null });

  hooks.answering = (_, response) => void response.writeHead(204).end();
  expect(await deliveries.redeliver(ID)).toBe(true);
  deliverer.wake();
  expect(await triesAre(MOST_TRIES + 1)).toMatchObject({ status: 'delivered' });
  expect(hooks.received).toHaveLength(MOST_TRIES + 1);
  for (const { text } of hooks.received) expect(text).toBe(event.body);
  expect(hooks.ids).toEqual(new Set([ID]));
  expect(corner.errors).toEqual([]);
});
