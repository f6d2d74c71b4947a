/** The dashboards as files: complete, placed, parseable, and the same as what they are built from. */
import { describe, expect, it } from 'vitest';
import { DASHBOARDS } from '../../deploy/grafana/all.js';
import { expressionsOf, filledIn, metricsOf, shippedDashboards } from './shipped-dashboards.js';

const shipped = shippedDashboards();
const ANY = { model: 'iris', version: '.*', rateInterval: '1m' };

it('there are four, each with an address that never changes', () => {
  expect(shipped.map(({ dashboard }) => dashboard.uid).toSorted()).toEqual([
    'millrace-model',
    'millrace-overview',
    'millrace-webhooks',
    'millrace-workers',
  ]);
});

it('they are what `npm run dashboards` writes', () => {
  const files = Object.fromEntries(shipped.map(({ file, dashboard }) => [file.replace('.json', ''), dashboard]));
  expect(files).toEqual(JSON.parse(JSON.stringify(DASHBOARDS)));
});

it('the overview is one screen', () => {
  const { panels } = shipped.find(({ dashboard }) => dashboard.uid === 'millrace-overview')!.dashboard;
  // A line is 38 pixels with its gap: 28 fit on a screen of 1080.
  expect(Math.max(...panels.map(({ gridPos: { y, h } }) => y + h))).toBeLessThanOrEqual(28);
});

describe.each(shipped.map((one) => [one.file, one] as const))('%s', (_, one) => {
  const { panels, templating, annotations, schemaVersion } = one.dashboard;

  it.each(panels.map((panel) => [panel.title, panel] as const))('%s has what a reader needs', (title, panel) => {
    expect(title.length).toBeGreaterThan(3);
    expect(panel.description).toMatch(/^.{20,160}[.?]$/);
    expect(panel.fieldConfig.defaults.unit).toMatch(/^(short|s|percentunit|bytes|reqps|cps|none)$/);
    expect(panel.targets.length).toBeGreaterThan(0);
    for (const { legendFormat, datasource } of [...panel.targets]) {
      expect(legendFormat).not.toBe('');
      expect(datasource.uid).toBe('${datasource}');
    }
    expect(panel.datasource.uid).toBe('${datasource}');
  });

  it('names no Prometheus, marks deployments, and has the schema of Grafana 12', () => {
    expect(templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource' });
    expect(annotations.list).toHaveLength(1);
    expect(schemaVersion).toBe(41);
  });

  it('no panel lies on another, or outside', () => {
    const taken = new Set<string>();
    for (const { title, gridPos } of panels) {
      expect([title, gridPos.x + gridPos.w <= 24]).toEqual([title, true]);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect([title, taken.has(`${x} ${y}`)]).toEqual([title, false]);
          taken.add(`${x} ${y}`);
        }
      }
    }
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
  });

  it('each expression parses, reads some metric, and uses only variables that there are', () => {
    const names = templating.list.map(({ name }) => name);
    for (const { panel, expr } of expressionsOf(one)) {
      expect([panel, metricsOf(filledIn(expr, ANY)).length > 0]).toEqual([panel, true]);
      const used = [...expr.matchAll(/\$(\w+)/g)].map(([, name = '']) => name);
      expect(used.filter((name) => name !== '__rate_interval' && !names.includes(name))).toEqual([]);
    }
  });

  it('what several API processes or couriers say alike is not added up', () => {
    const alike = /millrace_(queue_|dead_letters|model_workers|worker_|redis_|webhook_(endpoints|dead|oldest))/;
    for (const { expr } of expressionsOf(one)) {
      for (const [, operator] of expr.matchAll(/(\w+)(?: by \([^)]*\))? \((?=millrace_)/g)) {
        const [read = ''] = metricsOf(filledIn(expr, ANY));
        if (alike.test(read)) expect([expr, operator]).toEqual([expr, 'max']);
      }
    }
  });
});
