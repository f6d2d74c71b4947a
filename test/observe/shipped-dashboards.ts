/** The dashboards as they are shipped, and the expressions of their panels. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { projectRoot } from '#config/settings';

export const DASHBOARDS_DIR = path.join(projectRoot(), 'deploy', 'grafana', 'dashboards');

export interface PanelJson {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly type: string;
  readonly repeat?: string;
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
  readonly datasource: { readonly uid: string };
  readonly fieldConfig: { readonly defaults: { readonly unit: string } };
  readonly targets: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly legendFormat: string;
    readonly datasource: { readonly uid: string };
  }[];
}

export interface DashboardJson {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
  readonly panels: readonly PanelJson[];
}

export interface Shipped {
  readonly file: string;
  readonly dashboard: DashboardJson;
}

export interface Expression {
  readonly file: string;
  readonly panel: string;
  readonly legend: string;
  readonly unit: string;
  readonly repeats: boolean;
  readonly expr: string;
}

export function shippedDashboards(): readonly Shipped[] {
  return readdirSync(DASHBOARDS_DIR).map((file) => ({
    file,
    dashboard: JSON.parse(readFileSync(path.join(DASHBOARDS_DIR, file), 'utf8')) as DashboardJson,
  }));
}

/** Every expression of every panel, and of the marks of deployments. */
export function expressionsOf({ file, dashboard }: Shipped): readonly Expression[] {
  const marks = dashboard.annotations.list.map(({ expr }) => ({
    file,
    panel: '(deployments)',
    legend: '',
    unit: 'none',
    repeats: false,
    expr,
  }));
  const panels = dashboard.panels.flatMap(({ title, repeat, fieldConfig, targets }) =>
    targets.map(({ expr, legendFormat }) => ({
      file,
      panel: title,
      legend: legendFormat,
      unit: fieldConfig.defaults.unit,
      repeats: repeat !== undefined,
      expr,
    })),
  );
  return [...panels, ...marks];
}

/** What Grafana does with variables before it asks. */
export function filledIn(expr: string, values: { model: string; version: string; rateInterval: string }): string {
  return expr
    .replaceAll('$__rate_interval', values.rateInterval)
    .replaceAll('$model', values.model)
    .replaceAll('$version', values.version);
}

/**
 * @returns names of the metrics that an expression reads
 * @throws Error when it does not parse
 */
export function metricsOf(expr: string): string[] {
  const found: string[] = [];
  parser.parse(expr).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) throw new Error(`${expr} does not parse at ${from}`);
      if (type.name === 'VectorSelector') found.push(expr.slice(from, to).split('{')[0]!.trim());
    },
  });
  return found;
}
