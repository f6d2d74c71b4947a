/**
 * The dashboards on a real Prometheus that scrapes a real fleet through a hard day: every expression is answered, and
 * every one has something to show but those on a list. What they showed is left in `.millrace/test/dashboards.json`, of
 * which docs/dashboards.md is made.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '#config/settings';
import { dieWithParent } from '#process/die-with-parent';
import { call } from '#testing/http';
import { until } from '#testing/patience';
import { type Series, TestPrometheus } from '#testing/prometheus';
import { WebhookReceiver } from '#testing/webhook-receiver';
import { fleetFor, ownRedis } from '../stage.js';
import { begin, busyHours, deadWorkers, modelsOfTheDay, sickRedis } from './hard-day.js';
import { expressionsOf, filledIn, metricsOf, shippedDashboards, type Expression } from './shipped-dashboards.js';
import { findTools } from './tools.js';

const SCRAPE_MS = 1_000;
const STEP_SECONDS = 2;
const BUSY_MS = 12_000;
const MODELS = ['iris', 'slow'];

/**
 * Metrics that nothing exports yet, so that panels which read them are empty. A name leaves this list with the change
 * that exports it: the test fails when one stays.
 */
const PENDING: readonly string[] = [];

/** Panels that are empty for another reason. */
const EMPTY: Readonly<Record<string, string>> = {};

interface Shown extends Expression {
  readonly series: readonly Series[];
}

const tools = await findTools('Dashboards on a Prometheus');
const ends: (() => unknown)[] = [];
const exported = new Set<string>();
let shown: readonly Shown[] = [];

// Registered before the fleet's own end, so that it runs after it.
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

const fleet = fleetFor('file');

beforeAll(async () => {
  if (tools === null) return;
  const redis = await ownRedis();
  ends.push(() => redis.remove());
  await redis.start();
  const receiver = await new WebhookReceiver().start();
  ends.push(() => receiver.stop());
  const models = await modelsOfTheDay();
  ends.push(models.remove);

  const day = await begin(fleet, redis, models.folder);
  const hostOf = ({ opsUrl }: { opsUrl: string }): string => new URL(opsUrl).host;
  const prometheus = await TestPrometheus.start({
    program: await dieWithParent('KILL', tools.prometheus, []),
    scrapeMs: SCRAPE_MS,
    targets: {
      'millrace-api': [hostOf(day.api)],
      'millrace-worker': day.workers.map(hostOf),
      'millrace-courier': [hostOf(day.courier)],
    },
  });
  ends.push(() => prometheus.stop());
  const began = Date.now();
  await busyHours(day, receiver, BUSY_MS);
  await keepNames([day.api.opsUrl, day.courier.opsUrl, ...day.workers.map(({ opsUrl }) => opsUrl)]);
  const heir = await deadWorkers(fleet, day);
  await sickRedis(day, redis);
  await keepNames([day.api.opsUrl, day.courier.opsUrl, heir.opsUrl]);
  shown = await look(prometheus, began);
  await keep(shown, Date.now() - began);
}, 480_000);

async function keepNames(addresses: readonly string[]): Promise<void> {
  for (const address of addresses) {
    const { text } = await call('GET', `${address}/metrics`);
    for (const [, name = '', type = ''] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
      for (const suffix of type === 'histogram' ? ['_bucket', '_count', '_sum'] : ['']) {
        // A metric that is declared has its TYPE; one that is used has samples.
        if (new RegExp(`^${name}${suffix}[{ ]`, 'm').test(text)) exported.add(name + suffix);
      }
    }
  }
}

/** Once more where it is empty: a sample of the last second may not have been scraped. */
async function look(prometheus: TestPrometheus, began: number): Promise<readonly Shown[]> {
  const all: Shown[] = [];
  for (const expression of shippedDashboards().flatMap(expressionsOf)) {
    const ask = async (): Promise<Series[]> => {
      const found: Series[] = [];
      for (const model of MODELS) {
        const version = expression.repeats ? '1.0.0' : '.*';
        const expr = filledIn(expression.expr, { model, version, rateInterval: '20s' });
        found.push(...(await prometheus.range(expr, began, Date.now(), STEP_SECONDS)));
        if (!expression.expr.includes('$model')) break;
      }
      return found;
    };
    let series = await ask();
    if (series.length === 0 && !isExcused(expression)) {
      series = await until(async () => (await ask()).length > 0 && ask(), { deadlineMs: 4_000, what: '' }).catch(
        () => [],
      );
    }
    all.push({ ...expression, series });
  }
  return all;
}

function isExcused({ panel, expr }: Expression): boolean {
  const filled = filledIn(expr, { model: 'iris', version: '.*', rateInterval: '20s' });
  return panel in EMPTY || metricsOf(filled).some((name) => PENDING.includes(name));
}

async function keep(all: readonly Shown[], tookMs: number): Promise<void> {
  const folder = path.join(projectRoot(), '.millrace', 'test');
  await mkdir(folder, { recursive: true });
  const panels = all.map(({ series, ...expression }) => ({
    ...expression,
    series: series.map(({ labels, values }) => ({
      labels,
      last: values.at(-1),
      least: Math.min(...values),
      most: Math.max(...values),
    })),
  }));
  await writeFile(path.join(folder, 'dashboards.json'), JSON.stringify({ tookMs, panels }, null, 2));
}

describe.skipIf(tools === null)('on a Prometheus, after a hard day', () => {
  it('no panel is empty but those that are excused', () => {
    const empty = shown.filter(({ series }) => series.length === 0).filter((one) => !isExcused(one));
    expect(empty.map(({ file, panel, expr }) => `${file} ${panel}: ${expr}`)).toEqual([]);
    expect(shown.length).toBeGreaterThan(80);
  });

  it('every metric is one that processes export, or on the list of those to come', () => {
    const read = new Set(
      shown.flatMap(({ expr }) => metricsOf(filledIn(expr, { model: 'iris', version: '.*', rateInterval: '20s' }))),
    );
    expect([...read].filter((name) => !exported.has(name) && !PENDING.includes(name))).toEqual([]);
  });

  it('nothing is excused that has come', () => {
    expect(PENDING.filter((name) => exported.has(name))).toEqual([]);
    const filled = shown.filter(({ panel, series }) => panel in EMPTY && series.length > 0);
    expect(filled.map(({ panel }) => panel)).toEqual([]);
  });

  it('shows what was done to the fleet', () => {
    const most = (file: string, panel: string, has: Readonly<Record<string, string>> = {}): number => {
      const series = shown.filter((one) => one.file === file && one.panel === panel).flatMap((one) => one.series);
      const wanted = series.filter(({ labels }) => Object.entries(has).every(([key, value]) => labels[key] === value));
      return Math.max(0, ...wanted.flatMap(({ values }) => values));
    };
    expect(most('overview.json', 'Submit errors')).toBeGreaterThan(0);
    expect(most('overview.json', 'Models without worker')).toBe(MODELS.length);
    expect(most('overview.json', 'Oldest waiting')).toBeGreaterThan(5);
    expect(most('overview.json', 'Dead letters')).toBeGreaterThan(0);
    expect(most('overview.json', 'Errors', { reason: 'queue_full' })).toBeGreaterThan(0);
    expect(most('overview.json', 'Errors', { reason: 'storage_full' })).toBeGreaterThan(0);
    expect(most('overview.json', 'Redis memory')).toBeGreaterThan(0.8);
    expect(most('workers.json', 'Deaths of executors', { cause: 'timeout' })).toBeGreaterThan(0);
    expect(most('webhooks.json', 'Endpoints left alone')).toBe(1);
    expect(most('webhooks.json', 'Mended in an hour')).toBeGreaterThan(0);
  });
});
