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
import { geometricMean, medianInterval, ratios, spreadOf } from './statistics.js';

const MODEL = 'iris';
const CONNECTIONS = 50;
const MOST = 1.05;
/**
 * Two processes of one build differ by up to a tenth for as long as they live, so both fleets are started several times;
 * and the machine's own pace wanders by more in half a minute than what is looked for, so the rounds are short.
 */
const STARTS = { full: 6, quick: 2 };
const PAIRS_PER_START = 7;
const REQUESTS = 5_000;
const WARM_UPS = 8;
/** Prometheus comes every 15 s. */
const SCRAPE_EVERY_MS = 5_000;
const UNIT = 'us a prediction';
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
  const observed: Side = { name: 'with metrics and logs', prefix: OBSERVED_PREFIX, settings: {}, samples: [] };
  const silent: Side = { name: 'without', prefix: SILENT_PREFIX, settings: SILENT, samples: [] };
  const starts = options.quick ? STARTS.quick : STARTS.full;
  for (let start = 1; start <= starts; start += 1) {
    say(`  start ${start} of ${starts}`);
    // Side by side, so that the two of a pair are seconds apart; the one whose turn it is not has nothing to do.
    const fleets: FleetUnderTest[] = [];
    const sides = new Map<Measurement, Side>();
    try {
      // In turn: of two fleets that are the same, the one that was started first costs more.
      for (const side of start % 2 === 1 ? [observed, silent] : [silent, observed]) {
        const { name, prefix, settings } = side;
        const fleet = await FleetUnderTest.start({ ...common, workDir: path.join(workDir, name), prefix, settings });
        fleets.push(fleet);
        sides.set(waitingCallers(name, load, fleet, inputs), side);
      }
      const samples = await alternate([...sides.keys()], PAIRS_PER_START, say, WARM_UPS);
      for (const [measurement, side] of sides) side.samples.push(...(samples.get(measurement) ?? []));
    } finally {
      for (const fleet of fleets) await fleet.stop();
    }
  }
  return compare(observed, silent);
}

interface Side {
  readonly name: string;
  /** Of its keys. */
  readonly prefix: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly samples: Sample[];
}

/** Every caller waits for its outcome and checks it: that counts them, also where the worker does not. */
function waitingCallers(name: string, load: LoadBench, fleet: FleetUnderTest, inputs: readonly unknown[]): Measurement {
  let scrapedAt = performance.now();
  return {
    name,
    unit: UNIT,
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
        until: { requests: REQUESTS },
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

function compare(observed: Side, silent: Side): { findings: Finding[]; tables: string[] } {
  const [over = [], under = []] = [observed, silent].map(({ samples }) => samples.map(({ value }) => value));
  const pairs = ratios(over, under);
  const medians = Array.from(
    { length: pairs.length / PAIRS_PER_START },
    (_, start) => spreadOf(pairs.slice(start * PAIRS_PER_START, (start + 1) * PAIRS_PER_START)).median,
  );
  // Who was started first is over as often as under: what that costs falls out of the mean.
  const ratio = { ...spreadOf(pairs), median: geometricMean(medians) };
  const interval = medianInterval(pairs);
  const finding: Finding = {
    part: 'i',
    what: 'processor time a prediction, with metrics and logs / without',
    ratio,
    limit: { most: MOST },
    sides: [observed, silent].map(({ name, samples }) => ({ name, unit: UNIT, samples })),
  };
  const line =
    `i: metrics and logs cost ${percent(ratio.median)} of processor time a prediction, mean of ${medians.length} starts ` +
    `(${medians.map(percent).join(', ')}, who was first in turn); ` +
    `95 % interval of the median of all ${pairs.length} pairs ${percent(interval.from)} to ${percent(interval.to)}`;
  return { findings: [finding], tables: [line] };
}

function percent(ratio: number): string {
  return `${((ratio - 1) * 100).toFixed(1)} %`;
}
