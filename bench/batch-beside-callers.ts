/** Part g: what a large batch does to others: to callers who wait meanwhile, and to the memory of the API. */
import path from 'node:path';
import type { Input } from '#domain/model-version';
import type { BatchBench } from './batch-comparison.js';
import { memoryAtRest } from './memory.js';
import { type Cost, Observer } from './observer.js';
import type { BenchOptions } from './options.js';
import type { Finding } from './report.js';
import { type RowFile, writeRowFile } from './row-file.js';
import { goldenInputs } from './setting.js';
import { ratios, spreadOf } from './statistics.js';
import type { LoadResult } from './load-order.js';
import type { Sample } from './alternating-rounds.js';

const MODEL = 'iris';
const MEGABYTE = 1_000_000;
const LIMITS = { callers: 3, megabytes: 150 };

const FULL = { rows: 500_000, memoryRows: 1_000_000, idleSeconds: 3, rounds: 5 };
const QUICK = { rows: 150_000, memoryRows: 300_000, idleSeconds: 1.5, rounds: 2 };

/** On a fleet that has done nothing yet. */
export async function measureUploadMemory(
  bench: BatchBench,
  options: BenchOptions,
  say: (line: string) => void,
): Promise<Finding> {
  const { memoryRows } = options.quick ? QUICK : FULL;
  const api = bench.fleet.processes().filter(({ name }) => name === 'api');
  const atRest = (await memoryAtRest(api)).get('api') ?? 0;
  const file = await rowsOf(bench, memoryRows);
  const observer = new Observer(api);
  const { uploadMs } = await bench.client.ask({ port: bench.fleet.port, model: MODEL, ...file, out: null });
  const cost = observer.end();
  const most = cost.processes[0]?.largestResidentBytes ?? 0;
  const above = (most - atRest) / MEGABYTE;
  say(`  ${memoryRows.toLocaleString('en-US')} rows arrived in ${(uploadMs / 1_000).toFixed(1)} s`);
  return {
    part: 'g',
    what: `MB of the API above rest while ${memoryRows.toLocaleString('en-US')} rows arrive`,
    ratio: spreadOf([above]),
    limit: { most: LIMITS.megabytes },
    sides: [],
  };
}

/** One caller at a time, who waits for each answer: alone, and while the batch arrives and runs. */
export async function compareCallers(
  bench: BatchBench,
  options: BenchOptions,
  say: (line: string) => void,
): Promise<Finding> {
  const { rows, idleSeconds, rounds } = options.quick ? QUICK : FULL;
  const inputs = await goldenInputs(bench.modelsDir, MODEL);
  const file = await rowsOf(bench, rows);
  const idle: Sample[] = [];
  const busy: Sample[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const alone = await callOne(bench, inputs, Promise.resolve(), idleSeconds);
    const beside = await callOne(bench, inputs, throughBatch(bench, file), 0);
    if (round === 0) continue; // It warmed up.
    idle.push(alone);
    busy.push(beside);
    say(`  round ${round} of ${rounds}: alone ${alone.value.toFixed(2)} ms, beside ${beside.value.toFixed(2)} ms`);
  }
  const valuesOf = (samples: readonly Sample[]): number[] => samples.map(({ value }) => value);
  return {
    part: 'g',
    what: `median of a lone caller beside a batch of ${rows.toLocaleString('en-US')} / alone`,
    ratio: spreadOf(ratios(valuesOf(busy), valuesOf(idle))),
    limit: { most: LIMITS.callers },
    sides: [
      { name: 'lone caller beside a batch', unit: 'ms', samples: busy },
      { name: 'lone caller, alone', unit: 'ms', samples: idle },
    ],
  };
}

async function throughBatch({ client, fleet, workDir }: BatchBench, file: RowFile): Promise<void> {
  await client.ask({ port: fleet.port, model: MODEL, ...file, out: path.join(workDir, 'answers.ndjson') });
}

/** Calls until both the work beside it has ended and the time is over; weighs the medians of its stretches alike. */
async function callOne(
  { load, fleet, client }: BatchBench,
  inputs: readonly unknown[],
  work: Promise<void>,
  leastSeconds: number,
): Promise<Sample> {
  const state = { working: true };
  const done = work.finally(() => (state.working = false));
  const observer = new Observer([...load.watchedWith(fleet), { name: 'client', pid: client.pid }]);
  const stretches: LoadResult[] = [];
  const untilMs = performance.now() + leastSeconds * 1_000;
  while (state.working || performance.now() < untilMs) {
    const stretch = await load.generator.ask({
      engine: 'sockets',
      port: fleet.port,
      model: MODEL,
      inputs,
      connections: 1,
      wait: true,
      invalidEvery: null,
      until: { seconds: 0.5 },
    });
    if (stretch.errors > 0) throw new Error(`${stretch.errors} answers were not what they should be`);
    stretches.push(stretch);
  }
  await done;
  const cost: Cost = observer.end();
  const medians = stretches.filter(({ good }) => good > 0).map(({ p50Ms }) => p50Ms);
  const count = stretches.reduce((sum, { good }) => sum + good, 0);
  return { value: spreadOf(medians).median, count, cost, grouping: null };
}

async function rowsOf({ modelsDir, workDir }: BatchBench, rows: number): Promise<RowFile> {
  const inputs = (await goldenInputs(modelsDir, MODEL)) as Input[];
  return writeRowFile(path.join(workDir, 'rows'), MODEL, 'ndjson', inputs, rows);
}
