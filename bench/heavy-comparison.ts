/** Part c: single predictions of a heavy dense model at saturation, beside the graph alone. */
import path from 'node:path';
import { alternate, type Measurement, type Sample } from './alternating-rounds.js';
import { BenchChild } from './child-channel.js';
import { CpuProfiler } from './cpu-profile.js';
import { FleetUnderTest } from './fleet-under-test.js';
import { HEAVY_INPUTS, HEAVY_MODEL, HEAVY_TENSOR, heavyGraphFile, writeHeavyModel } from './heavy-model.js';
import { Observer } from './observer.js';
import type { BenchOptions } from './options.js';
import type { RawAnswer, RawQuestion } from './raw-session.js';
import { memoryAtRest, renderMemory } from './memory.js';
import type { Finding } from './report.js';
import { goldenInputs, type LoadBench } from './setting.js';
import { ratios, spreadOf } from './statistics.js';

const CONNECTIONS = 50;
const BATCH_SIZE = 32;
/** `EXECUTOR_THREADS` by default. */
const THREADS = 1;
const LIMIT = 0.8;

const FULL = { predictions: 20_000, rawSeconds: 4 };
const QUICK = { predictions: 8_000, rawSeconds: 1.5 };

export async function compareWithGraph(
  load: LoadBench,
  workDir: string,
  options: BenchOptions,
  say: (line: string) => void,
): Promise<{ findings: Finding[]; tables: string[] }> {
  const modelsDir = path.join(workDir, 'models');
  await writeHeavyModel(modelsDir);
  const inputs = await goldenInputs(modelsDir, HEAVY_MODEL);
  const raw = await BenchChild.start<RawQuestion, RawAnswer>('raw-session');
  try {
    const fleet = await FleetUnderTest.start({ redisUrl: load.redis.url, workDir, modelsDir, workers: 1 });
    try {
      const atRest = options.parts.has('d') ? await memoryAtRest(fleet.processes()) : null;
      const sizes = options.quick ? QUICK : FULL;
      const alone = graphAlone(raw, heavyGraphFile(modelsDir), sizes.rawSeconds);
      const drained = drain(load, fleet, inputs, sizes.predictions);
      const samples = await alternate([alone, drained], options.rounds, say);
      const of = (one: Measurement): Sample[] => samples.get(one) ?? [];
      const costs = of(drained).map(({ cost }) => cost);
      const tables = atRest === null ? [] : [renderMemory('the heavy model (40 MB of weights) alone', atRest, costs)];
      if (options.profile) tables.push(...(await profileOf(fleet, drained)));
      return { findings: [finding(drained, of(drained), alone, of(alone))], tables };
    } finally {
      await fleet.stop();
    }
  } finally {
    await raw.stop();
  }
}

async function profileOf(fleet: FleetUnderTest, measurement: Measurement): Promise<string[]> {
  const profiler = await CpuProfiler.open(fleet);
  const tables = await profiler.during(() => measurement.measure());
  profiler.close();
  return [`CPU profiles, ${measurement.name}`, ...tables];
}

function finding(drained: Measurement, over: readonly Sample[], alone: Measurement, under: readonly Sample[]): Finding {
  const values = (samples: readonly Sample[]): number[] => samples.map(({ value }) => value);
  return {
    part: 'c',
    what: 'heavy model, single predictions / raw session.run in 32s',
    ratio: spreadOf(ratios(values(over), values(under))),
    limit: { least: LIMIT },
    sides: [
      { name: drained.name, unit: drained.unit, samples: over },
      { name: alone.name, unit: alone.unit, samples: under },
    ],
  };
}

function graphAlone(raw: BenchChild<RawQuestion, RawAnswer>, file: string, seconds: number): Measurement {
  return {
    name: 'raw session.run in 32s',
    unit: 'rows/s',
    measure: async () => {
      const observer = new Observer([{ name: 'raw', pid: raw.pid }]);
      const { rows, elapsedMs } = await raw.ask({
        file,
        tensor: HEAVY_TENSOR,
        width: HEAVY_INPUTS,
        batchSize: BATCH_SIZE,
        threads: THREADS,
        seconds,
      });
      return { value: (rows / elapsedMs) * 1_000, count: rows, cost: observer.end(), grouping: null };
    },
  };
}

/** From the first request to the last outcome, the time in which the queue fills included. */
function drain(load: LoadBench, fleet: FleetUnderTest, inputs: readonly unknown[], requests: number): Measurement {
  return {
    name: 'heavy flood',
    unit: 'rows/s',
    measure: async () => {
      const spec = { model: HEAVY_MODEL, inputs, connections: CONNECTIONS, wait: false, until: { requests } };
      const { result, cost, grouping, settledMs } = await load.load(fleet, spec);
      if (result.errors > 0) throw new Error(`${result.errors} answers were not what they should be`);
      const value = (result.good / settledMs) * 1_000;
      return { value, count: result.good, cost, grouping };
    },
  };
}
