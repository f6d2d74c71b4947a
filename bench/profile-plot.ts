/** The load profile as two panels in one SVG: predictions a second, and how long callers wait. */
import type { ProfileRow } from './load-profile.js';

interface Line {
  readonly label: string;
  readonly colour: string;
  readonly dashed: boolean;
  readonly points: readonly (readonly [connections: number, value: number])[];
}

interface Panel {
  readonly title: string;
  readonly left: number;
  readonly lines: readonly Line[];
  /** Where its values lie, from the bottom of the panel to its top. */
  readonly ticks: readonly number[];
  readonly scale: (value: number) => number;
}

const WIDTH = 960;
const HEIGHT = 380;
const PANEL_WIDTH = 380;
const TOP = 50;
const BOTTOM = 290;
const COLOURS = ['#0b6e99', '#c0562b'];

export function renderPlot(rows: readonly ProfileRow[]): string {
  const panels = [throughput(rows), latency(rows)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...panels.flatMap((panel) => drawPanel(panel, connectionsOf(rows))),
    '</svg>',
    '',
  ].join('\n');
}

function throughput(rows: readonly ProfileRow[]): Panel {
  const highest = Math.max(...rows.map(({ perSecond }) => perSecond));
  const step = niceStep(highest / 4);
  const ticks = Array.from({ length: Math.ceil(highest / step) + 1 }, (_, index) => index * step);
  const top = ticks.at(-1) ?? 1;
  const lines = linesOf(rows, [{ label: '', dashed: false, read: (row) => row.perSecond }]);
  return { title: 'predictions/s, waiting callers', left: 70, lines, ticks, scale: (value) => value / top };
}

/** On a logarithmic scale: a median and a tail far above it are both to be read. */
function latency(rows: readonly ProfileRow[]): Panel {
  const values = rows.flatMap(({ p50Ms, p99Ms }) => [p50Ms, p99Ms]);
  const from = Math.floor(Math.log10(Math.min(...values)));
  const to = Math.ceil(Math.log10(Math.max(...values)));
  const ticks = Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index));
  const scale = (value: number): number => (Math.log10(value) - from) / (to - from);
  const lines = linesOf(rows, [
    { label: ', p50', dashed: false, read: (row) => row.p50Ms },
    { label: ', p99', dashed: true, read: (row) => row.p99Ms },
  ]);
  return { title: 'milliseconds from request to answer', left: 550, lines, ticks, scale };
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

function drawPanel(panel: Panel, connections: readonly number[]): string[] {
  const { title, left, lines, ticks, scale } = panel;
  const x = (count: number): number =>
    left + 20 + (connections.indexOf(count) / Math.max(1, connections.length - 1)) * (PANEL_WIDTH - 40);
  const y = (value: number): number => BOTTOM - scale(value) * (BOTTOM - TOP);
  return [
    text(left, TOP - 20, title, 'start', 'font-weight="bold"'),
    ...ticks.flatMap((tick) => [
      `<line x1="${left}" x2="${left + PANEL_WIDTH}" y1="${round(y(tick))}" y2="${round(y(tick))}" stroke="#dddddd"/>`,
      text(left - 8, y(tick) + 4, tick.toLocaleString('en-US'), 'end'),
    ]),
    ...connections.map((count) => text(x(count), BOTTOM + 20, String(count), 'middle')),
    text(left + PANEL_WIDTH / 2, BOTTOM + 40, 'connections', 'middle'),
    ...lines.flatMap((line, index) => drawLine(line, x, y, left + (index % 2) * 190, BOTTOM + 62 + (index >> 1) * 18)),
  ];
}

function drawLine(
  { label, colour, dashed, points }: Line,
  x: (connections: number) => number,
  y: (value: number) => number,
  legendX: number,
  legendY: number,
): string[] {
  const dash = dashed ? ' stroke-dasharray="6 4"' : '';
  const path = points.map(([count, value]) => `${round(x(count))},${round(y(value))}`).join(' ');
  return [
    `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"${dash}/>`,
    ...points.map(
      ([count, value]) => `<circle cx="${round(x(count))}" cy="${round(y(value))}" r="3" fill="${colour}"/>`,
    ),
    `<line x1="${legendX}" x2="${legendX + 24}" y1="${legendY - 4}" y2="${legendY - 4}" stroke="${colour}" stroke-width="2"${dash}/>`,
    text(legendX + 30, legendY, label, 'start'),
  ];
}

function text(x: number, y: number, content: string, anchor: string, more = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="#333333" ${more}>${content}</text>`;
}

/** 1, 2 or 5 times a power of ten, at least `least`. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((factor) => factor * power >= least) ?? 10) * power;
}

function connectionsOf(rows: readonly ProfileRow[]): number[] {
  return [...new Set(rows.map(({ connections }) => connections))];
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
