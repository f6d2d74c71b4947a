/**
 * The same fleet on a real Redis Cluster of three nodes: models lie on different nodes, all that one model needs on one.
 * While a node is dead the cluster takes nothing, and the fleet says so; when it is back, nothing that was accepted is
 * lost.
 */
import { beforeAll, afterAll, expect, inject, it, onTestFinished } from 'vitest';
import { Catalogue } from '#queue/catalogue';
import { batchEnded, irisRows, results, sendBatch } from '#testing/batches';
import { Fleet, type FleetProcess } from '#testing/fleet';
import { goldenWishes, wrongAbout } from '#testing/golden-work';
import { call } from '#testing/http';
import { Caller } from '#testing/keys';
import { SHIPPED } from '#testing/models';
import { until } from '#testing/patience';
import { ended, forEach, IRIS, post, predict, submit } from '#testing/predictions';
import { TestRedisCluster } from '#testing/redis-cluster';
import { WebhookReceiver } from '#testing/webhook-receiver';
import { freshPrefix } from '../stage.js';

let cluster: TestRedisCluster;

beforeAll(async () => {
  cluster = await TestRedisCluster.start(inject('redisCommand'));
});

afterAll(() => cluster.remove());

/** One whose models do not all lie on one node by chance. */
async function spreadFleet(): Promise<Fleet> {
  for (;;) {
    const prefix = freshPrefix();
    const catalogue = new Catalogue(prefix);
    const holders = await Promise.all(SHIPPED.map((model) => cluster.holderOf(catalogue.tag(model))));
    if (new Set(holders).size === 1) continue;
    const fleet = new Fleet({ REDIS_URL: cluster.url, REDIS_PREFIX: prefix, WEBHOOK_ALLOW_PRIVATE: 'true' });
    onTestFinished(() => fleet.end());
    return fleet;
  }
}

it('serves every model, batches and webhooks, whichever node holds them', async () => {
  const fleet = await spreadFleet();
  const { api } = await fleet.pair();
  await fleet.courier();
  const wishes = await goldenWishes(120);
  const answers = await forEach(wishes, 10, (wish) => predict(api, wish));
  expect(answers.flatMap((answer, i) => wrongAbout(wishes[i]!, answer) ?? [])).toEqual([]);

  const receiver = await new WebhookReceiver().start();
  onTestFinished(() => receiver.stop());
  const { json: told } = await post(api, { ...IRIS, webhook: receiver.url() }, { 'idempotency-key': 'once' });
  expect((await post(api, { ...IRIS, webhook: receiver.url() }, { 'idempotency-key': 'once' })).json.id).toBe(told.id);
  expect((await receiver.hook(`${told.id}-completed`)).json).toMatchObject({ id: told.id, status: 'succeeded' });

  const { status, json: batch } = await sendBatch(api, { body: irisRows(500) });
  expect(status).toBe(201);
  expect((await batchEnded(api, batch.id)).request_counts).toMatchObject({ total: 500, completed: 500 });
  expect(await results(api, batch.id)).toHaveLength(500);

  const put = await api.call('PUT', '/v1/predictions/my-own', { body: IRIS });
  expect(put.status).toBe(201);
  expect((await api.call('GET', '/v1/predictions?limit=1')).json.results).toHaveLength(1);
});

it('knows its keys', async () => {
  const fleet = await spreadFleet();
  const api = await fleet.api({ AUTH: 'on' });
  const admin = new Caller(api, await api.firstKey());
  const shop = await admin.make(['predict'], 'shop');
  expect((await shop.call('POST', '/v1/predictions', { body: IRIS })).status).toBe(201);
});

it('says that it is away while a node is dead, and has lost nothing when it is back', async () => {
  const fleet = await spreadFleet();
  const api = await fleet.api();
  const ids = await forEach(await goldenWishes(40), 10, (wish) => submit(api, wish));
  const holder = await cluster.holderOf(new Catalogue(fleet.settings['REDIS_PREFIX'] ?? '').tag('iris'));
  await holder.kill();
  await expectReady(api, 503);
  const refused = await post(api, IRIS);
  expect([refused.status, refused.json.code]).toEqual([503, 'queue_unavailable']);

  await holder.start();
  await cluster.formed();
  await expectReady(api, 200);
  await fleet.worker();
  const finals = await forEach(ids, 10, (id) => ended(api, id));
  expect(finals.filter(({ status }) => status !== 'succeeded')).toEqual([]);
});

async function expectReady(api: FleetProcess, status: 200 | 503): Promise<void> {
  const says = async (): Promise<boolean> => (await call('GET', `${api.opsUrl}/ready`)).status === status;
  await until(says, { deadlineMs: 30_000, what: `the API to answer /ready with ${status}` });
}
