/** Work whose right answers are known: the golden examples of all shipped models, as many times as it takes. */
import { difference } from '#models/golden';
import type { GoldenExample } from '#models/golden';
import type { Body } from './http.js';
import { SHIPPED, shipped } from './models.js';
import type { Wish } from './predictions.js';

export interface GoldenWish extends Wish, GoldenExample {
  readonly input: GoldenExample['input'];
}

/** @param models which of them; their examples take turns */
export async function goldenWishes(count: number, models: readonly string[] = SHIPPED): Promise<GoldenWish[]> {
  const examples = await Promise.all(
    models.map(async (version) => (await shipped(version)).golden.map((example) => ({ version, ...example }))),
  );
  return Array.from({ length: count }, (_, i) => {
    const ofModel = examples[i % examples.length]!;
    return ofModel[Math.floor(i / examples.length) % ofModel.length]!;
  });
}

/** @returns null for a prediction that succeeded with the right answer, else what is wrong with it */
export function wrongAbout(wish: GoldenWish, prediction: Body): string | null {
  if (prediction.status !== 'succeeded') return JSON.stringify(prediction);
  return difference(wish.output, prediction.output, wish.tolerance);
}
