/** Part f: batches, from the first byte of the rows to the last byte of the answers, beside one process without a queue. */
import path from 'node:path';
import type { Input } from '#domain/model-version';
import type { RowFormat } from '#rows/format';
import { alternate, type Measurement, type Sample } from './alternating-rounds.js';
import type { BatchAnswer, BatchOrder } from './batch-client.js';
import type { LimitAnswer, LimitQuestion } from './batch-limit.js';
import { BenchChild } from './child-channel.js';
import { CpuProfiler } from './cpu-profile.js';
import type { FleetUnderTest } from './fleet-under-test.js';
import { Observer } from './observer.js';
import type { BenchOptions } from './options.js';
import type { Finding } from './report.js';
import { type RowFile, writeRowFile } from './row-file.js';
import { goldenInputs, type LoadBench } from './setting.js';
import { ratios, spreadOf } from './statistics.js';

/** Share of the limit's rows a second that batches must reach. */
const CASES = [
  { model: 'iris', format: 'ndjson', least: 0.35, rows: 200_000 },
  { model: 'iris', format: 'json', least: 0.35, rows: 200_000 },
  { model: 'iris', format: 'csv', least: 0.35, rows: 200_000 },
  { model: 'digits', format: 'ndjson', least: 0.7, rows: 60_000 },
] as const satisfies readonly { model: string; format: RowFormat; least: number; rows: number }[];
const QUICK_SHARE = 0.25;

export interface BatchBench {
  readonly load: LoadBench;
  readonly fleet: FleetUnderTest;
  readonly modelsDir: string;
  readonly workDir: string;
  readonly client: BenchChild<BatchOrder, BatchAnswer>;
}

export async function compareBatches(
  bench: BatchBench,
  options: BenchOptions,
  say: (line: string) => void,
): Promise<{ findings: Finding[]; tables: string[] }> {
  const findings: Finding[] = [];
  const tables: string[] = [];
  const limit = await BenchChild.start<LimitQuestion, LimitAnswer>('batch-limit');
  const measured: Measurement[] = [];
  try {
    for (const one of CASES) {
      const inputs = (await goldenInputs(bench.modelsDir, one.model)) as Input[];
      const rows = options.quick ? one.rows * QUICK_SHARE : one.rows;
      const file = await writeRowFile(path.join(bench.workDir, 'rows'), one.model, one.format, inputs, rows);
      const ours = batch(bench, one.model, file);
      const alone = oneProcess(bench, limit, one.model, file);
      const samples = await alternate([alone, ours], options.rounds, say);
      findings.push(finding(one, ours, alone, samples));
      measured.push(ours);
    }
    if (options.profile) tables.push(...(await profilesOf(bench.fleet, measured)));
    return { findings, tables };
  } finally {
    await limit.stop();
  }
}

function batch({ load, fleet, client, workDir }: BatchBench, model: string, file: RowFile): Measurement {
  return {
    name: `${model} batch, ${file.format}`,
    unit: 'rows/s',
    measure: async () => {
      const processes = load.watchedWith(fleet).filter(({ name }) => name !== 'generator');
      const observer = new Observer([...processes, { name: 'client', pid: client.pid }]);
      const out = path.join(workDir, 'answers.ndjson');
      const { elapsedMs } = await client.ask({ port: fleet.port, model, ...file, out });
      const cost = observer.end();
      fleet.mustBeWell();
      return { value: (file.rows / elapsedMs) * 1_000, count: file.rows, cost, grouping: null };
    },
  };
}

function oneProcess(
  { modelsDir, workDir }: BatchBench,
  limit: BenchChild<LimitQuestion, LimitAnswer>,
  model: string,
  { file, format }: RowFile,
): Measurement {
  return {
    name: `${model} in one process, ${format}`,
    unit: 'rows/s',
    measure: async () => {
      const observer = new Observer([{ name: 'limit', pid: limit.pid }]);
      const out = path.join(workDir, 'limit.ndjson');
      const { rows, elapsedMs } = await limit.ask({ modelsDir, model, file, format, out });
      return { value: (rows / elapsedMs) * 1_000, count: rows, cost: observer.end(), grouping: null };
    },
  };
}

/** Afterwards: an open inspector is not free. */
async function profilesOf(fleet: FleetUnderTest, measured: readonly Measurement[]): Promise<string[]> {
  const profiler = await CpuProfiler.open(fleet);
  const tables: string[] = [];
  for (const one of measured) {
    tables.push(`CPU profiles, ${one.name}`, ...(await profiler.during(() => one.measure())));
  }
  profiler.close();
  return tables;
}

function finding(
  { model, format, least }: (typeof CASES)[number],
  ours: Measurement,
  alone: Measurement,
  samples: ReadonlyMap<Measurement, Sample[]>,
): Finding {
  const of = (one: Measurement): Sample[] => samples.get(one) ?? [];
  const values = (one: Measurement): number[] => of(one).map(({ value }) => value);
  return {
    part: 'f',
    what: `${model} batch, ${format} / one process without a queue`,
    ratio: spreadOf(ratios(values(ours), values(alone))),
    limit: { least },
    sides: [ours, alone].map((one) => ({ name: one.name, unit: one.unit, samples: of(one) })),
  };
}
