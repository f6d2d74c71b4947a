/** Lines over a few places of an axis, as SVG, in one panel or several beside each other. */

export interface Line {
  readonly label: string;
  readonly colour: string;
  readonly dashed: boolean;
  readonly points: readonly (readonly [place: number, value: number])[];
}

export interface Panel {
  readonly title: string;
  readonly lines: readonly Line[];
  /** Where its values lie, from the bottom of the panel to its top. */
  readonly ticks: readonly number[];
  /** From a value to its height, 0 to 1. */
  readonly scale: (value: number) => number;
}

/** What the lines lie over: its places stand at equal distances, whatever their values. */
export interface Axis {
  readonly title: string;
  readonly values: readonly number[];
  readonly label: (value: number) => string;
}

const PANEL_WIDTH = 380;
const FIRST_LEFT = 70;
const NEXT_LEFT = 480;
const HEIGHT = 380;
const TOP = 50;
const BOTTOM = 290;
const MARGIN = 30;

export function drawPlot(panels: readonly Panel[], axis: Axis): string {
  const width = FIRST_LEFT + NEXT_LEFT * (panels.length - 1) + PANEL_WIDTH + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${HEIGHT}" font-family="sans-serif" font-size="13">`,
    `<rect width="${width}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...panels.flatMap((panel, index) => drawPanel(panel, axis, FIRST_LEFT + NEXT_LEFT * index)),
    '</svg>',
    '',
  ].join('\n');
}

/** From nought to the highest of the values. */
export function linear(values: readonly number[]): Pick<Panel, 'ticks' | 'scale'> {
  const highest = Math.max(...values);
  const step = niceStep(highest / 4);
  const ticks = Array.from({ length: Math.ceil(highest / step) + 1 }, (_, index) => index * step);
  const top = ticks.at(-1) ?? 1;
  return { ticks, scale: (value) => value / top };
}

/** By powers of ten: a median and a tail far above it are both to be read. */
export function logarithmic(values: readonly number[]): Pick<Panel, 'ticks' | 'scale'> {
  const from = Math.floor(Math.log10(Math.min(...values)));
  const to = Math.ceil(Math.log10(Math.max(...values)));
  const ticks = Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index));
  return { ticks, scale: (value) => (Math.log10(value) - from) / (to - from) };
}

function drawPanel(panel: Panel, axis: Axis, left: number): string[] {
  const { title, lines, ticks, scale } = panel;
  const x = (place: number): number =>
    left + 20 + (axis.values.indexOf(place) / Math.max(1, axis.values.length - 1)) * (PANEL_WIDTH - 40);
  const y = (value: number): number => BOTTOM - scale(value) * (BOTTOM - TOP);
  return [
    text(left, TOP - 20, title, 'start', 'font-weight="bold"'),
    ...ticks.flatMap((tick) => [
      `<line x1="${left}" x2="${left + PANEL_WIDTH}" y1="${round(y(tick))}" y2="${round(y(tick))}" stroke="#dddddd"/>`,
      text(left - 8, y(tick) + 4, tick.toLocaleString('en-US'), 'end'),
    ]),
    ...axis.values.map((value) => text(x(value), BOTTOM + 20, axis.label(value), 'middle')),
    text(left + PANEL_WIDTH / 2, BOTTOM + 40, axis.title, 'middle'),
    ...lines.flatMap((line, index) => drawLine(line, x, y, left + (index % 2) * 190, BOTTOM + 62 + (index >> 1) * 18)),
  ];
}

function drawLine(
  { label, colour, dashed, points }: Line,
  x: (place: number) => number,
  y: (value: number) => number,
  legendX: number,
  legendY: number,
): string[] {
  const dash = dashed ? ' stroke-dasharray="6 4"' : '';
  const path = points.map(([place, value]) => `${round(x(place))},${round(y(value))}`).join(' ');
  return [
    `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"${dash}/>`,
    ...points.map(
      ([place, value]) => `<circle cx="${round(x(place))}" cy="${round(y(value))}" r="3" fill="${colour}"/>`,
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

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
