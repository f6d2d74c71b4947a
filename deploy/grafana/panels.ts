/**
 * The few shapes of Grafana panels that our dashboards use. Whoever adds a panel says what it shows, in which unit, and
 * what a reader should make of it: those three are never optional.
 */

/** Grafana's names of units. */
export type Unit = 'short' | 's' | 'percentunit' | 'bytes' | 'reqps' | 'cps' | 'none';

/** Told apart in the legend by its labels. */
export interface Query {
  readonly expr: string;
  readonly legend: string;
}

interface Common {
  readonly title: string;
  readonly description: string;
  readonly unit: Unit;
  /** Columns of 24. */
  readonly width: number;
  readonly height: number;
  /** One panel for each value of this template variable, side by side. */
  readonly repeat?: string;
}

export interface Steps {
  /** From here on it is yellow. */
  readonly warn?: number;
  /** From here on it is red. */
  readonly bad?: number;
}

export interface Panel {
  readonly size: { readonly width: number; readonly height: number };
  readonly json: Readonly<Record<string, unknown>> & { readonly title: string; readonly targets: readonly Target[] };
}

interface Target {
  readonly refId: string;
  readonly expr: string;
}

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

/** Lines over time. */
export function lines(panel: Common & { readonly queries: readonly Query[]; readonly stacked?: boolean }): Panel {
  const { queries, stacked = false } = panel;
  return make(panel, {
    type: 'timeseries',
    targets: targetsOf(queries),
    fieldConfig: {
      defaults: {
        unit: panel.unit,
        min: 0,
        custom: { lineWidth: 1, fillOpacity: stacked ? 30 : 8, stacking: { mode: stacked ? 'normal' : 'none' } },
      },
      overrides: [],
    },
    options: {
      legend: { showLegend: true, displayMode: 'list', placement: 'bottom' },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  });
}

/** One figure, and its colour. */
export function figure(panel: Common & { readonly expr: string; readonly steps?: Steps }): Panel {
  const { expr, steps = {} } = panel;
  return make(panel, {
    type: 'stat',
    targets: targetsOf([{ expr, legend: panel.title }]),
    fieldConfig: {
      defaults: { unit: panel.unit, decimals: panel.unit === 'percentunit' ? 2 : undefined, thresholds: levels(steps) },
      overrides: [],
    },
    options: {
      colorMode: steps.bad === undefined && steps.warn === undefined ? 'none' : 'background',
      graphMode: 'area',
      reduceOptions: { calcs: ['lastNotNull'] },
    },
  });
}

/** How a histogram's observations lie, over time. */
export function heatMap(panel: Common & { readonly expr: string }): Panel {
  return make(panel, {
    type: 'heatmap',
    targets: targetsOf([{ expr: panel.expr, legend: '{{le}}' }]).map((one) => ({ ...one, format: 'heatmap' })),
    fieldConfig: { defaults: { unit: panel.unit }, overrides: [] },
    options: {
      calculate: false,
      cellGap: 1,
      color: { mode: 'scheme', scheme: 'Oranges', steps: 64 },
      yAxis: { unit: panel.unit, reverse: false },
      tooltip: { mode: 'single', yHistogram: true },
      filterValues: { le: 1e-9 },
      legend: { show: true },
    },
  });
}

/** A column for each query, a row for each value of a label; both as they are now. */
export function table(panel: Common & { readonly label: string; readonly columns: readonly Column[] }): Panel {
  const { label, columns } = panel;
  const queries = columns.map(({ expr, title }) => ({ expr, legend: title }));
  return make(panel, {
    type: 'table',
    targets: targetsOf(queries).map((one) => ({ ...one, format: 'table', instant: true, range: false })),
    transformations: [
      { id: 'merge', options: {} },
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true },
          renameByName: Object.fromEntries(columns.map(({ title }, index) => [`Value #${refOf(index)}`, title])),
        },
      },
      { id: 'sortBy', options: { sort: [{ field: label }] } },
    ],
    fieldConfig: {
      defaults: { unit: panel.unit },
      overrides: columns.map(({ title, unit }) => ({
        matcher: { id: 'byName', options: title },
        properties: [{ id: 'unit', value: unit }],
      })),
    },
    options: { showHeader: true, cellHeight: 'sm' },
  });
}

export interface Column {
  readonly title: string;
  readonly unit: Unit;
  readonly expr: string;
}

function make(panel: Common, rest: Readonly<Record<string, unknown>> & { readonly targets: readonly Target[] }): Panel {
  const { title, description, width, height, repeat } = panel;
  return {
    size: { width, height },
    json: {
      title,
      description,
      datasource: DATASOURCE,
      ...(repeat === undefined ? {} : { repeat, repeatDirection: 'h', maxPerRow: 4 }),
      ...rest,
    },
  };
}

function targetsOf(queries: readonly Query[]): readonly Target[] {
  return queries.map(({ expr, legend }, index) => ({
    refId: refOf(index),
    datasource: DATASOURCE,
    editorMode: 'code',
    expr,
    legendFormat: legend,
  }));
}

function refOf(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index);
}

function levels({ warn, bad }: Steps): object {
  return {
    mode: 'absolute',
    steps: [
      { color: 'green', value: null },
      ...(warn === undefined ? [] : [{ color: 'yellow', value: warn }]),
      ...(bad === undefined ? [] : [{ color: 'red', value: bad }]),
    ],
  };
}
