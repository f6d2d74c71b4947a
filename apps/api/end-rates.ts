import type { LiveWorker } from '#queue/fleet';

/** A rate is taken over this long: workers count every three seconds. */
const SPAN_MS = 12_000;

interface Sight {
  readonly atMs: number;
  readonly ended: Readonly<Record<string, number>>;
}

/** How many predictions end a second: the difference between what each worker has counted now and a moment before. */
export class EndRates {
  #sights: ReadonlyMap<string, readonly Sight[]> = new Map();

  see(workers: readonly Pick<LiveWorker, 'id' | 'ended'>[], atMs: number): void {
    this.#sights = new Map(
      workers.map(({ id, ended = {} }) => {
        const before = this.#sights.get(id) ?? [];
        return [id, [...before.filter((sight) => atMs - sight.atMs <= SPAN_MS), { atMs, ended }]];
      }),
    );
  }

  of(model: string): number {
    let rate = 0;
    for (const sights of this.#sights.values()) {
      const [first, last] = [sights[0], sights.at(-1)];
      if (first === undefined || last === undefined || last.atMs === first.atMs) continue;
      const count = (last.ended[model] ?? 0) - (first.ended[model] ?? 0);
      rate += (count * 1_000) / (last.atMs - first.atMs);
    }
    return rate;
  }
}
