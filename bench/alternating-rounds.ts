/** Measurements that are compared run by turns, so that what the machine does meanwhile meets all of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cost } from './observer.js';
import type { Grouping } from './worker-counts.js';

export interface Sample {
  readonly value: number;
  /** Predictions, or jobs of BullMQ alone, that it took. */
  readonly count: number;
  readonly cost: Cost;
  /** How predictions travelled together; null for what is not Millrace. */
  readonly grouping: Grouping | null;
}

export interface Measurement {
  readonly name: string;
  readonly unit: string;
  measure(): Promise<Sample>;
}

/** What one measurement left behind, an fsync or a garbage collection, is not charged to the next. */
const PAUSE_MS = 300;

/**
 * @param warmUps first rounds that do not count
 * @returns the samples of each measurement, in the order of the rounds
 */
export async function alternate(
  measurements: readonly Measurement[],
  rounds: number,
  say: (line: string) => void,
  warmUps = 1,
): Promise<ReadonlyMap<Measurement, Sample[]>> {
  const samples = new Map<Measurement, Sample[]>(measurements.map((measurement) => [measurement, []]));
  for (let round = 1 - warmUps; round <= rounds; round += 1) {
    // Every second round backwards: nobody always comes after the same neighbour.
    const order = round % 2 === 0 ? measurements : measurements.toReversed();
    for (const measurement of order) {
      await sleep(PAUSE_MS);
      const sample = await measurement.measure();
      if (round > 0) samples.get(measurement)?.push(sample);
    }
    say(round > 0 ? `  round ${round} of ${rounds}: ${inWords(measurements, samples, round)}` : '  warmed up');
  }
  return samples;
}

function inWords(
  measurements: readonly Measurement[],
  samples: ReadonlyMap<Measurement, Sample[]>,
  round: number,
): string {
  return measurements
    .map((one) => `${one.name} ${formatNumber(samples.get(one)?.[round - 1]?.value ?? Number.NaN)} ${one.unit}`)
    .join(', ');
}

/** `12,345` or `4.56`: three or more digits that mean something. */
export function formatNumber(value: number): string {
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(2);
}
