/** A dashboard out of rows of panels: places, numbers, variables, deployments, links. */
import type { Panel } from './panels.js';

export interface Variable {
  readonly name: string;
  readonly label: string;
  /** What Grafana asks Prometheus for its values. */
  readonly query: string;
  /** Several at a time, and all; one at a time unless given. */
  readonly many?: boolean;
}

export interface DashboardPlan {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables?: readonly Variable[];
  /** Panels of one row stand side by side; panels beyond 24 columns wrap below. */
  readonly rows: readonly (readonly Panel[])[];
}

export interface Dashboard extends Readonly<Record<string, unknown>> {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly Readonly<Record<string, unknown>>[];
}

/** Of Grafana 12; older ones leave out what they do not know, newer ones bring it up to date. */
const SCHEMA_VERSION = 41;
const COLUMNS = 24;
const TAG = 'millrace';

/**
 * A mark where a build appears that was not there ten minutes ago: a deployment, a rollback, a first start. A process
 * that was away for a shorter time is none.
 */
export const DEPLOYMENTS =
  'count by (app, version, commit) (millrace_build_info) unless ' +
  'count by (app, version, commit) (last_over_time(millrace_build_info[10m] offset 1m))';

export function dashboardOf({ uid, title, description, variables = [], rows }: DashboardPlan): Dashboard {
  return {
    uid,
    title: `Millrace: ${title}`,
    description,
    tags: [TAG],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: true,
    graphTooltip: 1,
    time: { from: 'now-1h', to: 'now' },
    refresh: '15s',
    timezone: 'utc',
    links: [
      { title: 'Millrace', type: 'dashboards', tags: [TAG], asDropdown: true, includeVars: false, keepTime: true },
    ],
    templating: { list: [DATASOURCE_VARIABLE, ...variables.map(variableOf)] },
    annotations: { list: [DEPLOYMENTS_ANNOTATION] },
    panels: placed(rows),
  };
}

/** Which Prometheus: picked by whoever looks, so that no dashboard names one. */
const DATASOURCE_VARIABLE = {
  name: 'datasource',
  label: 'Prometheus',
  type: 'datasource',
  query: 'prometheus',
  hide: 0,
  refresh: 1,
};

const DEPLOYMENTS_ANNOTATION = {
  name: 'Deployments',
  datasource: { type: 'prometheus', uid: '${datasource}' },
  enable: true,
  hide: false,
  iconColor: 'blue',
  expr: DEPLOYMENTS,
  step: '60s',
  titleFormat: '{{app}} {{version}}',
  textFormat: '{{commit}}',
  tagKeys: 'app,version',
  useValueForTime: false,
};

function variableOf({ name, label, query, many = false }: Variable): object {
  return {
    name,
    label,
    type: 'query',
    datasource: { type: 'prometheus', uid: '${datasource}' },
    query: { query, refId: name },
    refresh: 2,
    sort: 1,
    multi: many,
    includeAll: many,
    // Also what has no such label yet.
    ...(many ? { allValue: '.*', current: { text: ['All'], value: ['$__all'] } } : {}),
  };
}

function placed(rows: readonly (readonly Panel[])[]): Readonly<Record<string, unknown>>[] {
  const panels: Record<string, unknown>[] = [];
  let y = 0;
  for (const row of rows) {
    let x = 0;
    let tallest = 0;
    for (const { size, json } of row) {
      if (x + size.width > COLUMNS) {
        x = 0;
        y += tallest;
        tallest = 0;
      }
      panels.push({ id: panels.length + 1, gridPos: { x, y, w: size.width, h: size.height }, ...json });
      x += size.width;
      tallest = Math.max(tallest, size.height);
    }
    y += tallest;
  }
  return panels;
}
