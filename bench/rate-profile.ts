/** Part j: how long a result takes, by how much of what the fleet can do is asked of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import path from 'node:path';
import { projectRoot } from '#config/settings';
import { formatNumber } from './alternating-rounds.js';
import { FleetUnderTest } from './fleet-under-test.js';
import { drawPlot, logarithmic } from './plot.js';
import { markdownTable } from './profile-table.js';
import { goldenInputs, type LoadBench, type LoadSpec } from './setting.js';

export interface RateRow {
  /** Of what the fleet did for waiting callers who ask again at once. */
  readonly share: number;
  /** Predictions a second. */
  readonly asked: number;
  readonly done: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly errors: number;
  /** Cores that nobody used, and that others did. */
  readonly idleCores: number;
  readonly foreignCores: number;
}

const MODEL = 'iris';
const SHARES = [0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1];
const SECONDS = { quick: 2, full: 10 };
const WARM_UP_SECONDS = 3;
const PAUSE_MS = 500;
/** Connections of the closed loop that says what the fleet can do. */
const CALLERS = 50;
/** More than are ever needed at once: a connection that is waited for is none of ours. */
const CONNECTIONS = 500;

export async function profileRates(
  load: LoadBench,
  workDir: string,
  quick: boolean,
  say: (line: string) => void,
): Promise<RateRow[]> {
  const modelsDir = path.join(projectRoot(), 'models');
  const fleet = await FleetUnderTest.start({ redisUrl: load.redis.url, workDir, modelsDir, workers: 1 });
  try {
    const spec = { model: MODEL, inputs: await goldenInputs(modelsDir, MODEL), wait: true };
    const until = { seconds: quick ? SECONDS.quick : SECONDS.full };
    await load.load(fleet, { ...spec, connections: CALLERS, until: { seconds: WARM_UP_SECONDS } });
    const most = await perSecond(load, fleet, { ...spec, connections: CALLERS, until });
    say(`  ${formatNumber(most)} predictions/s at ${CALLERS} connections`);
    const rows: RateRow[] = [];
    for (const share of SHARES) {
      await sleep(PAUSE_MS);
      const asked = share * most;
      const { result, cost } = await load.load(fleet, { ...spec, connections: CONNECTIONS, until, perSecond: asked });
      const { good, firstSentAtMs, lastAnswerAtMs, p50Ms, p95Ms, p99Ms, errors } = result;
      const done = (good / (lastAnswerAtMs - firstSentAtMs)) * 1_000;
      const foreignCores = cost.foreignCores + cost.stolenCores;
      rows.push({ share, asked, done, p50Ms, p95Ms, p99Ms, errors, idleCores: cost.idleCores, foreignCores });
      say(`  ${percent(share)} of it: median ${p50Ms.toFixed(1)} ms, p95 ${p95Ms.toFixed(1)} ms`);
    }
    return rows;
  } finally {
    await fleet.stop();
  }
}

async function perSecond(load: LoadBench, fleet: FleetUnderTest, spec: LoadSpec): Promise<number> {
  const { result } = await load.load(fleet, spec);
  return (result.good / (result.lastAnswerAtMs - result.firstSentAtMs)) * 1_000;
}

export function renderRates(rows: readonly RateRow[]): string {
  const header = ['load', 'asked/s', 'done/s', 'p50 ms', 'p95 ms', 'p99 ms', 'errors', 'idle', 'others'];
  return markdownTable(
    header,
    rows.map((row) => [
      percent(row.share),
      formatNumber(row.asked),
      formatNumber(row.done),
      ...[row.p50Ms, row.p95Ms, row.p99Ms].map((ms) => ms.toFixed(1)),
      String(row.errors),
      row.idleCores.toFixed(2),
      row.foreignCores.toFixed(2),
    ]),
  );
}

export function plotRates(rows: readonly RateRow[]): string {
  const line = (label: string, colour: string, dashed: boolean, read: (row: RateRow) => number) => ({
    label,
    colour,
    dashed,
    points: rows.map((row) => [row.share, read(row)] as const),
  });
  const lines = [
    line('p50', '#0b6e99', false, ({ p50Ms }) => p50Ms),
    line('p95', '#c0562b', false, ({ p95Ms }) => p95Ms),
    line('p99', '#c0562b', true, ({ p99Ms }) => p99Ms),
  ];
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value));
  const panel = { title: 'milliseconds from request to result', lines, ...logarithmic(values) };
  return drawPlot([panel], { title: 'load, of the most that 50 callers got done', values: SHARES, label: percent });
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
