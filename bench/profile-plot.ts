/** The load profile as two panels in one SVG: predictions a second, and how long callers wait. */
import type { ProfileRow } from './load-profile.js';
import { drawPlot, type Line, linear, logarithmic, type Panel } from './plot.js';

const COLOURS = ['#0b6e99', '#c0562b'];

export function renderPlot(rows: readonly ProfileRow[]): string {
  const connections = [...new Set(rows.map((row) => row.connections))];
  return drawPlot([throughput(rows), latency(rows)], { title: 'connections', values: connections, label: String });
}

function throughput(rows: readonly ProfileRow[]): Panel {
  const lines = linesOf(rows, [{ label: '', dashed: false, read: (row) => row.perSecond }]);
  return { title: 'predictions/s, waiting callers', lines, ...linear(rows.map(({ perSecond }) => perSecond)) };
}

function latency(rows: readonly ProfileRow[]): Panel {
  const lines = linesOf(rows, [
    { label: ', p50', dashed: false, read: (row) => row.p50Ms },
    { label: ', p99', dashed: true, read: (row) => row.p99Ms },
  ]);
  const values = rows.flatMap(({ p50Ms, p99Ms }) => [p50Ms, p99Ms]);
  return { title: 'milliseconds from request to answer', lines, ...logarithmic(values) };
}

function linesOf(
  rows: readonly ProfileRow[],
  kinds: readonly { label: string; dashed: boolean; read: (row: ProfileRow) => number }[],
): Line[] {
  const workers = [...new Set(rows.map((row) => row.workers))];
  return workers.flatMap((count, index) =>
    kinds.map(({ label, dashed, read }) => ({
      label: `${count} worker${count === 1 ? '' : 's'}${label}`,
      colour: COLOURS[index % COLOURS.length] ?? '#000000',
      dashed,
      points: rows.filter((row) => row.workers === count).map((row) => [row.connections, read(row)] as const),
    })),
  );
}
