/** Part i: what metrics and logs cost: processor time of a fleet as it is, and of one that counts and says nothing. */
import path from 'node:path';
import { projectRoot } from '#config/settings';
import { alternate, type Measurement, type Sample } from './alternating-rounds.js';
import { FleetUnderTest } from './fleet-under-test.js';
import { Observer } from './observer.js';
import type { BenchOptions } from './options.js';
import { OBSERVED_PREFIX, SILENT_PREFIX } from './redis-under-test.js';
import type { Finding } from './report.js';
import { goldenInputs, type LoadBench } from './setting.js';
import { medianInterval, ratios, spreadOf } from './statistics.js';

const MODEL = 'iris';
const CONNECTIONS = 50;
const MOST = 1.05;
/** Many short ones: the machine's own pace wanders by more in half a minute than what is looked for. */
const PAIRS = 40;
const QUICK_PAIRS = 10;
/** Prometheus comes every 15 s. */
const SCRAPE_EVERY_MS = 5_000;
const SILENT = { METRICS: 'off', LOG_LEVEL: 'silent' };

export async function measureObservability(
  load: LoadBench,
  options: BenchOptions,
  workDir: string,
  say: (line: string) => void,
): Promise<{ findings: Finding[]; tables: string[] }> {
  const modelsDir = path.join(projectRoot(), 'models');
  const common = { redisUrl: load.redis.url, modelsDir, workers: 1 };
  const inputs = await goldenInputs(modelsDir, MODEL);
  const requests = 5_000;
  // Side by side, so that the two of a pair are seconds apart; the one whose turn it is not has nothing to do.
  const fleets: FleetUnderTest[] = [];
  try {
    const start = async (name: string, prefix: string, settings: Readonly<Record<string, string>>) => {
      const fleet = await FleetUnderTest.start({ ...common, workDir: path.join(workDir, name), prefix, settings });
      fleets.push(fleet);
      return waitingCallers(name, load, fleet, inputs, requests);
    };
    const observed = await start('with metrics and logs', OBSERVED_PREFIX, {});
    const silent = await start('without', SILENT_PREFIX, SILENT);
    const samples = await alternate([observed, silent], options.quick ? QUICK_PAIRS : PAIRS, say);
    return compare([observed, samples.get(observed) ?? []], [silent, samples.get(silent) ?? []]);
  } finally {
    for (const fleet of fleets) await fleet.stop();
  }
}

/** Every caller waits for its outcome and checks it: that counts them, also where the worker does not. */
function waitingCallers(
  name: string,
  load: LoadBench,
  fleet: FleetUnderTest,
  inputs: readonly unknown[],
  requests: number,
): Measurement {
  let scrapedAt = performance.now();
  return {
    name,
    unit: 'us a prediction',
    measure: async () => {
      const observer = new Observer(fleet.processes());
      const asked = load.generator.ask({
        engine: 'sockets',
        port: fleet.port,
        model: MODEL,
        inputs,
        connections: CONNECTIONS,
        wait: true,
        invalidEvery: null,
        until: { requests },
      });
      if (performance.now() - scrapedAt > SCRAPE_EVERY_MS) {
        // Of a fleet without metrics the answer is 404.
        await fleet.scrape();
        scrapedAt = performance.now();
      }
      const { good, errors } = await asked;
      const cost = observer.end();
      fleet.mustBeWell();
      if (errors > 0) throw new Error(`${errors} answers were not what they should be`);
      const usedMs = cost.processes.reduce((sum, { processorMs }) => sum + processorMs, 0);
      return { value: (usedMs * 1_000) / good, count: good, cost, grouping: null };
    },
  };
}

type Measured = readonly [Measurement, readonly Sample[]];

function compare(...sides: readonly [Measured, Measured]): { findings: Finding[]; tables: string[] } {
  const [over, under] = sides.map(([, samples]) => samples.map(({ value }) => value));
  const pairs = ratios(over ?? [], under ?? []);
  const ratio = spreadOf(pairs);
  const interval = medianInterval(pairs);
  const finding: Finding = {
    part: 'i',
    what: 'processor time a prediction, with metrics and logs / without',
    ratio,
    limit: { most: MOST },
    sides: sides.map(([{ name, unit }, samples]) => ({ name, unit, samples })),
  };
  const line =
    `i: metrics and logs cost ${percent(ratio.median)} of processor time a prediction, median of ${ratio.count} pairs; ` +
    `95 % interval of the median ${percent(interval.from)} to ${percent(interval.to)}`;
  return { findings: [finding], tables: [line] };
}

function percent(ratio: number): string {
  return `${((ratio - 1) * 100).toFixed(1)} %`;
}
