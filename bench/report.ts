/** What a run prints: each ratio beside its limit, what it was made of, and how calm the machine was meanwhile. */
import { renderTable } from '../apps/cli/table.js';
import { formatNumber, type Sample } from './alternating-rounds.js';
import { spreadOf, type Spread } from './statistics.js';

export type Limit = { readonly least: number } | { readonly most: number };

export interface Side {
  readonly name: string;
  readonly unit: string;
  readonly samples: readonly Sample[];
}

export interface Finding {
  /** `a` to `i`. */
  readonly part: string;
  readonly what: string;
  readonly ratio: Spread;
  /** Null for what only says how another ratio is to be read. */
  readonly limit: Limit | null;
  readonly sides: readonly Side[];
}

export function passes({ ratio, limit }: Finding): boolean {
  if (limit === null) return true;
  return 'least' in limit ? ratio.median >= limit.least : ratio.median <= limit.most;
}

export function renderFindings(findings: readonly Finding[]): string {
  const rows = findings.map((finding) => [
    finding.part,
    finding.what,
    finding.ratio.median.toFixed(2),
    `${finding.ratio.least.toFixed(2)} to ${finding.ratio.most.toFixed(2)}`,
    limitInWords(finding.limit),
    finding.limit === null ? '' : passes(finding) ? 'pass' : 'FAIL',
  ]);
  return renderTable(['', 'ratio', 'median', 'spread', 'limit', ''], rows);
}

function limitInWords(limit: Limit | null): string {
  if (limit === null) return 'none';
  return 'least' in limit ? `at least ${limit.least}` : `at most ${limit.most}`;
}

/** Each measurement once, with what it cost by process. */
export function renderSides(findings: readonly Finding[]): string {
  const sides = new Map(findings.flatMap((finding) => finding.sides).map((side) => [side.name, side]));
  const rows = [...sides.values()].map(({ name, unit, samples }) => {
    const { median, least, most } = spreadOf(samples.map(({ value }) => value));
    return [
      name,
      `${formatNumber(median)} ${unit}`,
      `${formatNumber(least)} to ${formatNumber(most)}`,
      coresInWords(samples),
      processorInWords(samples),
      groupingInWords(samples),
      ...['idleCores', 'stolenCores', 'foreignCores'].map((key) =>
        medianOf(samples, (sample) => sample.cost[key as 'idleCores']).toFixed(2),
      ),
    ];
  });
  const header = [
    'measured',
    'median',
    'spread',
    'cores used, by process',
    'us of processor each',
    'idle',
    'stolen',
    'others',
  ];
  return renderTable(header, rows);
}

function coresInWords(samples: readonly Sample[]): string {
  const names = samples[0]?.cost.processes.map(({ name }) => name) ?? [];
  return names
    .map((name) => {
      const cores = medianOf(samples, ({ cost }) => cost.processes.find((one) => one.name === name)?.cores ?? 0);
      return `${name} ${cores.toFixed(2)}`;
    })
    .join(', ');
}

/** Does not depend on who else used the machine: what one prediction costs each process. */
function processorInWords(samples: readonly Sample[]): string {
  const names = samples[0]?.cost.processes.map(({ name }) => name) ?? [];
  const parts = names.map((name) =>
    medianOf(samples, ({ cost, count }) => {
      const usedMs = cost.processes.find((one) => one.name === name)?.processorMs ?? 0;
      return (usedMs * 1_000) / count;
    }),
  );
  const total = parts.reduce((sum, part) => sum + part, 0);
  return `${parts.map((part) => part.toFixed(0)).join(' + ')} = ${total.toFixed(0)}`;
}

function groupingInWords(samples: readonly Sample[]): string {
  if ((samples[0]?.grouping ?? null) === null) return '';
  const envelope = medianOf(samples, ({ grouping }) => grouping?.rowsPerEnvelope ?? 0);
  const microBatch = medianOf(samples, ({ grouping }) => grouping?.rowsPerMicroBatch ?? 0);
  return `${envelope.toFixed(1)} / ${microBatch.toFixed(1)}`;
}

function medianOf(samples: readonly Sample[], read: (sample: Sample) => number): number {
  return spreadOf(samples.map(read)).median;
}
