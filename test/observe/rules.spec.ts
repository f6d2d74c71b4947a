/**
 * The alerts are about this fleet: every name and every route in a rule is one that real processes export, every alert
 * says what it must, and has its tests. Whether rules do what they should is in deploy/prometheus/tests, for promtool.
 */
import { parser } from '@prometheus-io/lezer-promql';
import { beforeAll, describe, expect, it } from 'vitest';
import { call } from '#testing/http';
import { IRIS, post, predict } from '#testing/predictions';
import { fleetFor } from '../stage.js';
import { PENDING_METRICS } from './pending-metrics.js';
import { shippedInhibitions, shippedRules, shippedTests } from './shipped-rules.js';

const { alerts, recordings } = shippedRules();
const ruleTests = shippedTests();
const expressions = [...alerts, ...recordings].map(({ expr }) => expr);

/** What Prometheus itself adds. */
const PROMETHEUS_OWN = ['up'];

/** Nodes of one kind in an expression, as text; an expression that does not parse fails. */
function nodes(expr: string, kind: string): string[] {
  const found: string[] = [];
  parser.parse(expr).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) throw new Error(`${expr} does not parse at ${from}`);
      if (type.name === kind) found.push(expr.slice(from, to));
    },
  });
  return found;
}

const used = new Set(
  expressions.flatMap((expr) => nodes(expr, 'VectorSelector')).map((selector) => selector.split('{')[0]!.trim()),
);

describe('every name in a rule', () => {
  const fleet = fleetFor('file');
  const exported = new Set<string>();
  let text = '';

  beforeAll(async () => {
    const { api, worker } = await fleet.pair();
    const courier = await fleet.courier();
    await predict(api, IRIS);
    await post(api, { ...IRIS, input: {} });
    for (const { opsUrl } of [api, worker, courier]) text += (await call('GET', `${opsUrl}/metrics`)).text;
    for (const [, name = '', type = ''] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
      for (const suffix of type === 'histogram' ? ['_bucket', '_count', '_sum'] : ['']) exported.add(name + suffix);
    }
  });

  it('is exported by a process, recorded by a rule, or on the list of those to come', () => {
    const recorded = recordings.map(({ record }) => record);
    const known = new Set([...exported, ...recorded, ...PROMETHEUS_OWN, ...PENDING_METRICS]);
    expect([...used].filter((name) => !known.has(name))).toEqual([]);
  });

  it('leaves the list of those to come when it has come', () => {
    expect(PENDING_METRICS.filter((name) => exported.has(name) || !used.has(name))).toEqual([]);
  });

  it('is read where submits are counted: a route that rules ask for is the label that the API gives', () => {
    const asked = expressions
      .flatMap((expr) => nodes(expr, 'UnquotedLabelMatcher'))
      .filter((one) => /^route/.test(one));
    const patterns = [...new Set(asked)].map((one) => new RegExp(`^(?:${/"(.*)"/.exec(one)![1]!})$`));
    expect(patterns).toHaveLength(1);
    const route = /^millrace_http_requests_total\{route="([^"]*)",method="POST",status="201"/m.exec(text)?.[1];
    expect(route).toMatch(patterns[0]!);
  });
});

describe('every recorded name', () => {
  it('is read by a rule', () => {
    expect(recordings.map(({ record }) => record).filter((name) => !used.has(name))).toEqual([]);
  });
});

describe.each(alerts.map((rule) => [rule.alert, rule] as const))('%s', (name, rule) => {
  it('says how bad it is, whose it is, what it is, and what to do', () => {
    expect(rule.labels['severity']).toMatch(/^(page|ticket)$/);
    expect(rule.labels['owner']).toMatch(/^(platform|models)$/);
    expect(rule.annotations['summary']).toMatch(/^\S.{10,}[^.\s]$/);
    expect(rule.annotations['description']).toMatch(/\.$/);
    expect(rule.annotations['runbook_url']).toMatch(/^\{\{ \$externalLabels\.runbook_base \}\}\/[a-z-]+$/);
    expect(rule.for).toMatch(/^\d+m$/);
  });

  it('has tests: it fires, it does not, it is over again, it lives without data', () => {
    const own = ruleTests.filter((test) => test.name.startsWith(`${name}: `));
    const firing = own.map((test) => test.alert_rule_test.map(({ exp_alerts: alerts }) => alerts.length > 0));
    expect(firing.some((one) => one.includes(true))).toBe(true);
    expect(firing.some((one) => !one.includes(true))).toBe(true);
    expect(firing.some((one) => one.includes(true) && !one.at(-1)!)).toBe(true);
    const empty = ruleTests.filter((test) => test.input_series === undefined);
    expect(empty.flatMap((test) => test.alert_rule_test.map(({ alertname }) => alertname))).toContain(name);
  });
});

describe('what keeps an alert back', () => {
  const minutes = new Map(alerts.map(({ alert, for: lasts }) => [alert, Number.parseInt(lasts, 10)]));
  const NAME = /^alertname=~?"(.*)"$/;

  /** Alerts that a list of matchers names; none, where it asks for other labels. */
  function named(matchers: readonly string[]): string[] {
    const pattern = matchers.flatMap((one) => NAME.exec(one)?.[1] ?? [])[0];
    return [...minutes.keys()].filter((name) => new RegExp(`^(?:${pattern ?? ''})$`).test(name));
  }

  it('names alerts that exist', () => {
    const patterns = shippedInhibitions().flatMap((rule) => [...rule.source_matchers, ...rule.target_matchers]);
    const stems = patterns.flatMap(
      (one) =>
        NAME.exec(one)?.[1]
          ?.replace(/[()]|\.\+/g, '')
          .split('|') ?? [],
    );
    const unknown = stems.filter((stem) => ![...minutes.keys()].some((name) => name.startsWith(stem)));
    expect(unknown).toEqual([]);
  });

  it('is there before what it keeps back', () => {
    for (const { source_matchers: sources, target_matchers: targets } of shippedInhibitions()) {
      const latest = Math.max(0, ...named(sources).map((name) => minutes.get(name)!));
      expect(named(targets).filter((name) => minutes.get(name)! < latest)).toEqual([]);
    }
  });
});
