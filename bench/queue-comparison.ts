/** Parts a and b: Millrace beside BullMQ alone, on the same Redis, and beside Fastify alone, by turns. */
import { alternate, type Measurement, type Sample } from './alternating-rounds.js';
import type { FleetUnderTest } from './fleet-under-test.js';
import { Observer } from './observer.js';
import type { BenchOptions } from './options.js';
import { BARE_PREFIX } from './redis-under-test.js';
import type { Finding } from './report.js';
import type { BareBench, LoadBench } from './setting.js';
import { ratios, spreadOf } from './statistics.js';

const MODEL = 'iris';
const CONNECTIONS = 50;

/** Limits of the issue that this bench shows; see README.md. */
const LIMITS = { flood: 1.8, waiting: 0.6, lone: 2 };

interface Sizes {
  /** Predictions of one flood. */
  readonly flood: number;
  /** Jobs of one bare flood: it takes about as long. */
  readonly bareFlood: number;
  /** Seconds of waiting callers at 50 connections. */
  readonly waitSeconds: number;
  /** Round trips one after the other. */
  readonly roundTrips: number;
}

/** V8 compiles what the API does for the first 60,000 predictions: see README.md. */
const WARM_UPS = 2;

const FULL: Sizes = { flood: 40_000, bareFlood: 20_000, waitSeconds: 4, roundTrips: 1_000 };
const QUICK: Sizes = { flood: 16_000, bareFlood: 8_000, waitSeconds: 1.5, roundTrips: 300 };

export async function compareWithQueue(
  load: LoadBench,
  bare: BareBench,
  fleet: FleetUnderTest,
  inputs: readonly unknown[],
  options: BenchOptions,
  say: (line: string) => void,
): Promise<Finding[]> {
  const comparison = new QueueComparison(load, bare, fleet, inputs, options.quick ? QUICK : FULL);
  const floods = [comparison.bareFlood, comparison.flood, comparison.bareHttp];
  const waits = [comparison.waiting, comparison.bareRoundTrip, comparison.loneCaller];
  const chosen = options.parts.has('b') ? [...floods, ...waits] : floods;
  const samples = await alternate(chosen, options.rounds, say, WARM_UPS);
  return comparison.findings(samples);
}

class QueueComparison {
  constructor(
    private readonly load: LoadBench,
    private readonly bare: BareBench,
    private readonly fleet: FleetUnderTest,
    private readonly inputs: readonly unknown[],
    private readonly sizes: Sizes,
  ) {}

  readonly flood: Measurement = {
    name: 'flood',
    unit: 'predictions/s',
    measure: async () => {
      const spec = { ...this.#spec(CONNECTIONS, false), until: { requests: this.sizes.flood } };
      const { result, cost, grouping, settledMs } = await this.load.load(this.fleet, spec);
      mustBeClean(result.errors);
      return { value: (result.good / settledMs) * 1_000, count: result.good, cost, grouping };
    },
  };

  readonly bareFlood: Measurement = {
    name: 'bare flood',
    unit: 'jobs/s',
    measure: async () => {
      const { url: redisUrl } = this.load.redis;
      const { bareFlood: jobs } = this.sizes;
      const observer = new Observer([...this.bare.processes(), ...this.load.redisProcess()]);
      const question = { redisUrl, prefix: BARE_PREFIX, jobs, inputs: this.inputs } as const;
      const [{ firstAddedAtMs }, { lastCompletedAtMs = NaN }] = await Promise.all([
        this.bare.producer.ask({ kind: 'flood', ...question }),
        this.bare.worker.ask({ kind: 'completed', ...question }),
      ]);
      const cost = observer.end();
      const value = (jobs / (lastCompletedAtMs - firstAddedAtMs)) * 1_000;
      await this.bare.producer.ask({ kind: 'clean', redisUrl, prefix: BARE_PREFIX });
      return { value, count: jobs, cost, grouping: null };
    },
  };

  readonly bareHttp: Measurement = {
    name: 'bare HTTP',
    unit: 'answers/s',
    measure: async () => {
      const { generator } = this.load;
      const observer = new Observer([
        { name: 'bare server', pid: this.bare.server.pid },
        { name: 'generator', pid: generator.pid },
      ]);
      const result = await generator.ask({
        engine: 'sockets',
        port: this.bare.httpPort,
        invalidEvery: null,
        ...this.#spec(CONNECTIONS, false),
        until: { requests: this.sizes.flood },
      });
      mustBeClean(result.errors);
      const elapsedMs = result.lastAnswerAtMs - result.firstSentAtMs;
      return { value: (result.good / elapsedMs) * 1_000, count: result.good, cost: observer.end(), grouping: null };
    },
  };

  readonly waiting: Measurement = {
    name: 'waiting callers',
    unit: 'predictions/s',
    measure: async () => {
      const spec = { ...this.#spec(CONNECTIONS, true), until: { seconds: this.sizes.waitSeconds } };
      const { result, cost, grouping } = await this.load.load(this.fleet, spec);
      mustBeClean(result.errors);
      const elapsedMs = result.lastAnswerAtMs - result.firstSentAtMs;
      return { value: (result.good / elapsedMs) * 1_000, count: result.good, cost, grouping };
    },
  };

  readonly loneCaller: Measurement = {
    name: 'lone caller',
    unit: 'ms',
    measure: async () => {
      const spec = { ...this.#spec(1, true), until: { requests: this.sizes.roundTrips } };
      const { result, cost, grouping } = await this.load.load(this.fleet, spec);
      mustBeClean(result.errors);
      return { value: result.p50Ms, count: result.good, cost, grouping };
    },
  };

  readonly bareRoundTrip: Measurement = {
    name: 'bare round trip',
    unit: 'ms',
    measure: async () => {
      const observer = new Observer([...this.bare.processes(), ...this.load.redisProcess()]);
      const { roundTripsMs } = await this.bare.producer.ask({
        kind: 'round-trips',
        redisUrl: this.load.redis.url,
        prefix: BARE_PREFIX,
        jobs: this.sizes.roundTrips,
        inputs: this.inputs,
      });
      return {
        value: spreadOf(roundTripsMs).median,
        count: roundTripsMs.length,
        cost: observer.end(),
        grouping: null,
      };
    },
  };

  findings(samples: ReadonlyMap<Measurement, Sample[]>): Finding[] {
    const of = (measurement: Measurement): Sample[] => samples.get(measurement) ?? [];
    const values = (measurement: Measurement): number[] => of(measurement).map(({ value }) => value);
    const finding = (part: string, what: string, over: Measurement, under: Measurement): Omit<Finding, 'limit'> => ({
      part,
      what,
      ratio: spreadOf(ratios(values(over), values(under))),
      sides: [over, under].map((one) => ({ name: one.name, unit: one.unit, samples: of(one) })),
    });
    const { flood, bareFlood, bareHttp, waiting, loneCaller, bareRoundTrip } = this;
    const findings = [
      { ...finding('a', 'flood / bare BullMQ', flood, bareFlood), limit: { least: LIMITS.flood } },
      { ...finding('a', 'Fastify alone, answering a constant / bare BullMQ', bareHttp, bareFlood), limit: null },
    ] as Finding[];
    if (!samples.has(waiting)) return findings;
    return [
      ...findings,
      {
        ...finding('b', 'waiting callers at 50 connections / flood', waiting, flood),
        limit: { least: LIMITS.waiting },
      },
      {
        ...finding('b', 'median of a lone caller / bare waitUntilFinished', loneCaller, bareRoundTrip),
        limit: { most: LIMITS.lone },
      },
    ];
  }

  #spec(
    connections: number,
    wait: boolean,
  ): { model: string; inputs: readonly unknown[]; connections: number; wait: boolean } {
    return { model: MODEL, inputs: this.inputs, connections, wait };
  }
}

/** @throws Error for a load in which not every answer was right: its rate would flatter */
function mustBeClean(errors: number): void {
  if (errors > 0) throw new Error(`${errors} answers were not what they should be`);
}
