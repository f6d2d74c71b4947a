/**
 * The whole way of an alert, with nothing in it made up: a fleet, a fault, the shipped rules in a real Prometheus, the
 * shipped routes in a real Alertmanager, and what a receiver gets when it begins and when it is over. The clock runs
 * thirty times as fast as shipped; see faster.ts.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { FleetProcess } from '#testing/fleet';
import { until } from '#testing/patience';
import { IRIS, post, predict } from '#testing/predictions';
import { freePort, type TestRedis } from '#testing/redis-server';
import { type ReceivedHook, WebhookReceiver } from '#testing/webhook-receiver';
import { fleetFor, ownRedis } from '../stage.js';
import { AlertChain } from './monitoring.js';
import { findTools } from './tools.js';

const FACTOR = 30;
const RUNBOOKS = 'http://ops.example/ops/runbooks';
const PATIENCE_MS = 90_000;

interface Notified {
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const tools = await findTools('Alerts on their whole way');
const ends: (() => unknown)[] = [];
let redis: TestRedis;
let receiver: WebhookReceiver;
let chain: AlertChain;
let api: FleetProcess;
let worker: FleetProcess;

// Registered before the fleet's own end, so that it runs after it.
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

const fleet = fleetFor('file', { SHUTDOWN_SECONDS: '5' });

beforeAll(async () => {
  if (tools === null) return;
  redis = await ownRedis();
  ends.push(() => redis.remove());
  await redis.start();
  receiver = await new WebhookReceiver().start();
  ends.push(() => receiver.stop());
  const settings = { REDIS_URL: redis.url };
  api = fleet.launch('api', settings);
  // Somebody comes after it on the same port, which nobody else may have taken by then.
  worker = await fleet.worker({ ...settings, OPS_PORT: String(await freePort()) });
  await api.ready();
  const courier = await fleet.courier(settings);
  const hostOf = ({ opsUrl }: FleetProcess): string => new URL(opsUrl).host;
  chain = await AlertChain.start({
    tools,
    factor: FACTOR,
    receiverUrl: receiver.url(''),
    runbookBase: RUNBOOKS,
    targets: {
      'millrace-api': [hostOf(api)],
      'millrace-worker': [hostOf(worker)],
      'millrace-courier': [hostOf(courier)],
    },
  });
  ends.push(() => chain.stop());
});

/** What the plain webhook has been told, oldest first. */
function notified(name: string): Notified[] {
  const bodies = receiver.received.filter((hook) => hook.path === '/webhook');
  const all = bodies.flatMap(({ json }) => (json as unknown as { alerts: Notified[] }).alerts);
  return all.filter(({ labels }) => labels['alertname'] === name);
}

function untilNotified(name: string, status: 'firing' | 'resolved'): Promise<Notified> {
  const find = (): Notified | undefined => notified(name).findLast((one) => one.status === status);
  return until(find, { deadlineMs: PATIENCE_MS, what: `the webhook to be told that ${name} is ${status}` });
}

function untilSent(where: string, text: RegExp): Promise<ReceivedHook> {
  const find = (): ReceivedHook | undefined =>
    receiver.received.find((hook) => hook.path.startsWith(where) && text.test(hook.text));
  return until(find, { deadlineMs: PATIENCE_MS, what: `${String(text)} to be sent to ${where}` });
}

it.skipIf(tools === null)(
  'Redis goes, and comes back',
  async () => {
    await predict(api, IRIS);
    await until(async () => !(await chain.firing()).includes('ScrapeGone'), { deadlineMs: 20_000, what: 'scrapes' });

    await redis.stop();
    const away = (async () => {
      while (notified('RedisAway').length === 0) await post(api, IRIS);
      for (let more = 0; more < 50; more += 1) await post(api, IRIS);
    })();
    const firing = await untilNotified('RedisAway', 'firing');
    await away;
    expect(firing.labels).toMatchObject({ severity: 'page', owner: 'platform', fleet: 'millrace' });
    // What rules need of it is on no message.
    expect(firing.labels).not.toHaveProperty('runbook_base');
    expect(firing.annotations).toMatchObject({
      summary: 'Redis is away for all 1 API processes',
      runbook_url: `${RUNBOOKS}/redis-away`,
    });

    // A page reaches the people too, in words, with the page that says what to do.
    const slack = await untilSent('/slack', /RedisAway/);
    expect(slack.json).toMatchObject({ channel: '#millrace-alerts' });
    expect(slack.text).toMatch(/\[PAGE\] RedisAway \(millrace\).*Redis is away for all 1 API processes/s);
    expect(slack.text).toContain(`${RUNBOOKS}/redis-away`);
    expect((await untilSent('/pager', /RedisAway/)).text).toContain('routing-key-of-platform');
    const token = receiver.received.find((hook) => hook.path === '/webhook')?.headers.authorization;
    expect(token).toBe('Bearer token-of-the-webhook');

    // Submits fail, which is a page of its own on other days: today its cause has been told.
    const failing = await until(
      async () => (await chain.alerts()).find(({ labels }) => labels['alertname'] === 'SubmitErrorsFast'),
      { deadlineMs: PATIENCE_MS, what: 'failing submits to be noticed' },
    );
    expect(failing.status.state).toBe('suppressed');
    expect(failing.status.inhibitedBy).toHaveLength(1);
    expect(notified('SubmitErrorsFast')).toEqual([]);

    await redis.start();
    const over = await untilNotified('RedisAway', 'resolved');
    expect(over.annotations['runbook_url']).toBe(`${RUNBOOKS}/redis-away`);
  },
  360_000,
);

it.skipIf(tools === null)(
  'the only worker is killed, and another takes its place',
  async () => {
    const { port } = new URL(worker.opsUrl);
    await worker.kill();
    const firing = await untilNotified('ScrapeGone', 'firing');
    expect(firing.labels).toMatchObject({ severity: 'page', owner: 'platform', job: 'millrace-worker' });
    expect(firing.annotations).toMatchObject({
      summary: 'No process of millrace-worker answers Prometheus',
      runbook_url: `${RUNBOOKS}/scrape-gone`,
    });
    await fleet.worker({ REDIS_URL: redis.url, OPS_PORT: port });
    await untilNotified('ScrapeGone', 'resolved');
  },
  360_000,
);
