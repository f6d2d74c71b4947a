/** Parts a, b and d, and the profiles: everything that one fleet with the shipped models shows beside BullMQ alone. */
import path from 'node:path';
import { projectRoot } from '#config/settings';
import { commandsBetween, renderCommands } from './command-use.js';
import { CpuProfiler } from './cpu-profile.js';
import { FleetUnderTest } from './fleet-under-test.js';
import { memoryAtRest, renderMemory } from './memory.js';
import type { BenchOptions } from './options.js';
import { compareWithQueue } from './queue-comparison.js';
import { BARE_PREFIX } from './redis-under-test.js';
import type { Finding } from './report.js';
import { BareBench, goldenInputs, type LoadBench, type LoadSpec } from './setting.js';

const MODEL = 'iris';
const CONNECTIONS = 50;

export interface QueuePart {
  readonly findings: readonly Finding[];
  /** Tables beside them. */
  readonly tables: readonly string[];
}

export async function runQueuePart(
  load: LoadBench,
  options: BenchOptions,
  workDir: string,
  say: (line: string) => void,
): Promise<QueuePart> {
  const modelsDir = path.join(projectRoot(), 'models');
  const inputs = await goldenInputs(modelsDir, MODEL);
  const fleet = await FleetUnderTest.start({ redisUrl: load.redis.url, workDir, modelsDir, workers: 1 });
  try {
    const processes = [...fleet.processes(), ...load.redisProcess()];
    const atRest = options.parts.has('d') ? await memoryAtRest(processes) : null;
    const findings = await compare(load, fleet, inputs, options, say);
    const tables = await commandTables(load, fleet, inputs, options.quick);
    if (atRest !== null) {
      const costs = findings.flatMap(({ sides }) => sides.flatMap(({ samples }) => samples.map(({ cost }) => cost)));
      tables.unshift(renderMemory('the four shipped models', atRest, costs));
    }
    if (options.profile) tables.push(...(await profileTables(load, fleet, inputs, options.quick)));
    if (options.parts.has('generators')) tables.push(...(await generatorLines(load, fleet, inputs, options)));
    return { findings, tables };
  } finally {
    await fleet.stop();
  }
}

async function compare(
  load: LoadBench,
  fleet: FleetUnderTest,
  inputs: readonly unknown[],
  options: BenchOptions,
  say: (line: string) => void,
): Promise<Finding[]> {
  const bare = await BareBench.start(load.redis.url, BARE_PREFIX, {
    model: MODEL,
    input: inputs[0] as Record<string, unknown>,
  });
  try {
    return await compareWithQueue(load, bare, fleet, inputs, options, say);
  } finally {
    await bare.stop();
  }
}

function loadsOf(inputs: readonly unknown[], quick: boolean): { name: string; spec: LoadSpec }[] {
  const until = { requests: quick ? 10_000 : 40_000 };
  const common = { model: MODEL, inputs, connections: CONNECTIONS, until };
  return [
    { name: 'flood', spec: { ...common, wait: false } },
    { name: 'waiting callers', spec: { ...common, wait: true } },
  ];
}

async function commandTables(
  load: LoadBench,
  fleet: FleetUnderTest,
  inputs: readonly unknown[],
  quick: boolean,
): Promise<string[]> {
  const tables: string[] = [];
  for (const { name, spec } of loadsOf(inputs, quick)) {
    const before = await load.redis.commands();
    const { result } = await load.load(fleet, spec);
    const uses = commandsBetween(before, await load.redis.commands());
    tables.push(renderCommands(name, uses, result.good));
  }
  return tables;
}

async function profileTables(
  load: LoadBench,
  fleet: FleetUnderTest,
  inputs: readonly unknown[],
  quick: boolean,
): Promise<string[]> {
  const tables: string[] = [];
  const profiler = await CpuProfiler.open(fleet);
  for (const { name, spec } of loadsOf(inputs, quick)) {
    tables.push(`CPU profiles, ${name}`, ...(await profiler.during(() => load.load(fleet, spec))));
  }
  profiler.close();
  return tables;
}

/** What the load itself costs: why the bench has a client of its own. */
async function generatorLines(
  load: LoadBench,
  fleet: FleetUnderTest,
  inputs: readonly unknown[],
  options: BenchOptions,
): Promise<string[]> {
  const lines: string[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const engine of ['sockets', 'autocannon'] as const) {
      for (const { name, spec } of loadsOf(inputs, true)) {
        const { result, cost } = await load.load(fleet, { ...spec, engine });
        const rate = (result.good / (result.lastAnswerAtMs - result.firstSentAtMs)) * 1_000;
        const cores = cost.processes.find((one) => one.name === 'generator')?.cores ?? 0;
        lines.push(
          `${engine}, ${name}: ${result.generatorUs.toFixed(1)} us of processor a request, ` +
            `${cores.toFixed(2)} cores, ${rate.toFixed(0)} answers/s`,
        );
      }
    }
  }
  return lines.sort();
}
