/**
 * `npm run bench`: what Millrace costs, as ratios to what it is built on, each beside its limit.
 *
 *   npm run bench                          everything
 *   npm run bench -- --only a,b --quick    half a minute: the flood, and waiting callers
 *   npm run bench -- --only a --profile    and where the time goes: CPU profiles of API, worker and executor
 *   npm run bench -- --only generators     what the load itself costs
 *   npm run bench -- --write               and report, table and plot into bench/README.md and bench/results/
 *
 * It runs the built processes (`npm run bench` builds first) with default settings, on a Redis of its own or on the one
 * of REDIS_URL. Exit code 1 where a limit is not met. README.md says how to read it.
 */
import { availableParallelism } from 'node:os';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { readProcessSettings } from '#config/settings';
import { runBatchPart } from './batch-part.js';
import { compareWithGraph } from './heavy-comparison.js';
import { profileLoad, type ProfileRow } from './load-profile.js';
import { measureObservability } from './observability-cost.js';
import { readOptions, type BenchOptions } from './options.js';
import { renderProfile } from './profile-table.js';
import { runQueuePart } from './queue-part.js';
import { RedisUnderTest } from './redis-under-test.js';
import { passes, renderFindings, renderSides, type Finding } from './report.js';
import { profileRates, type RateRow, renderRates } from './rate-profile.js';
import { type Plotted, writeResults } from './results.js';
import { LoadBench } from './setting.js';

/** Everything that was said, for `--write`. */
const said: string[] = [];

await main(readOptions(process.argv.slice(2)));

async function main(options: BenchOptions): Promise<void> {
  const settings = readProcessSettings();
  const workDir = path.join(settings.DATA_DIR, 'bench');
  const redis = await RedisUnderTest.start(settings.REDIS_URL, workDir, settings.DATA_DIR);
  try {
    const load = await LoadBench.start(redis);
    say(await machineInWords(redis));
    const { findings, ...plotted } = await measure(load, options, workDir);
    await load.stop();
    if (options.write) console.log(`\nwritten: ${await writeResults(said.join('\n'), plotted)}`);
    process.exitCode = findings.every(passes) ? 0 : 1;
  } finally {
    await redis.stop();
  }
  // After an error the logs stay, to be read.
  await rm(workDir, { recursive: true, force: true });
}

async function measure(
  load: LoadBench,
  options: BenchOptions,
  workDir: string,
): Promise<Plotted & { findings: Finding[] }> {
  const { parts } = options;
  const findings: Finding[] = [];
  const tables: string[] = [];
  if (['a', 'b', 'd', 'generators'].some((part) => parts.has(part as 'a'))) {
    progress('a, b, d: beside BullMQ alone');
    const part = await runQueuePart(load, options, workDir, progress);
    findings.push(...part.findings);
    tables.push(...part.tables);
  }
  if (parts.has('c')) {
    progress('c: heavy model, beside the graph alone');
    const part = await compareWithGraph(load, workDir, options, progress);
    findings.push(...part.findings);
    tables.push(...part.tables);
  }
  if (parts.has('f') || parts.has('g') || parts.has('h')) {
    progress('f, g, h: batches and webhooks');
    const part = await runBatchPart(load, options, workDir, progress);
    findings.push(...part.findings);
    tables.push(...part.tables);
  }
  if (parts.has('i')) {
    progress('i: with metrics and logs, and without');
    const part = await measureObservability(load, options, workDir, progress);
    findings.push(...part.findings);
    tables.push(...part.tables);
  }
  if (findings.length > 0) say(`\n${renderFindings(findings)}\n\n${renderSides(findings)}`);
  for (const table of tables) say(`\n${table}`);
  return { findings, ...(await plot(load, options, workDir)) };
}

async function plot(load: LoadBench, { parts, quick }: BenchOptions, workDir: string): Promise<Plotted> {
  let profile: ProfileRow[] = [];
  let rates: RateRow[] = [];
  if (parts.has('e')) {
    progress('e: load profile');
    profile = await profileLoad(load, workDir, quick, progress);
    console.log(`\n${renderProfile(profile)}`);
  }
  if (parts.has('j')) {
    progress('j: time to result by load');
    rates = await profileRates(load, workDir, quick, progress);
    console.log(`\n${renderRates(rates)}`);
  }
  return { profile, rates };
}

async function machineInWords(redis: RedisUnderTest): Promise<string> {
  const appends = (await redis.appendsToFile()) ? 'on' : 'OFF';
  const cores = availableParallelism();
  return `Node ${process.versions.node}; Redis ${redis.version}, append-only file ${appends}; ${cores} cores`;
}

function say(text: string): void {
  said.push(text);
  console.log(text);
}

/** For who watches; not part of the report. */
function progress(line: string): void {
  console.error(line);
}
