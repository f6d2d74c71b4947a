import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NewOutcome } from '#domain/outcome';
import { DynamicBatcher, type Lane, MOST_CHARACTERS, type PendingPrediction } from './dynamic-batcher.js';

class Row implements PendingPrediction {
  readonly settled: NewOutcome[] = [];
  isMarked = false;
  constructor(
    readonly versionId: string,
    readonly id: number,
    readonly lane: Lane = 'interactive',
    readonly input = '{}',
  ) {}
  isDropped(): boolean {
    return this.isMarked;
  }
  onStarted(): void {
    // Not asked here.
  }
  settle(outcome: NewOutcome): void {
    this.settled.push(outcome);
  }
}

const batcherOf = (rows: number, bulk = rows): DynamicBatcher =>
  new DynamicBatcher({ interactive: () => rows, bulk: () => bulk });
const rows = (versionId: string, ...ids: number[]): Row[] => ids.map((id) => new Row(versionId, id));
const ids = (batch: readonly PendingPrediction[] | null): number[] | null =>
  batch === null ? null : batch.map((prediction) => (prediction instanceof Row ? prediction.id : -1));

it('gives a lone prediction at once: nothing waits for company', () => {
  const batcher = batcherOf(8);
  expect(batcher.take()).toBeNull();
  batcher.add(rows('a', 1));
  expect(ids(batcher.take())).toEqual([1]);
  expect(batcher.size).toBe(0);
});

it('merges what waits, whichever envelope it came in, up to the size of the version', () => {
  const batcher = batcherOf(3);
  batcher.add(rows('a', 1, 2));
  batcher.add(rows('a', 3, 4));
  expect(ids(batcher.take())).toEqual([1, 2, 3]);
  expect(ids(batcher.take())).toEqual([4]);
});

it('merges no more than one message can hold, and gives what is larger alone', () => {
  const batcher = batcherOf(8);
  const half = ' '.repeat(MOST_CHARACTERS / 2 - 1);
  const larger = ' '.repeat(MOST_CHARACTERS + 1);
  const inputs = [half, half, half, '{}', larger, '{}'];
  batcher.add(inputs.map((input, id) => new Row('a', id, 'interactive', input)));
  const batches = Array.from({ length: 4 }, () => ids(batcher.take()));
  expect(batches).toEqual([[0, 1], [2, 3], [4], [5]]);
  expect(batcher.size).toBe(0);
});

it('takes turns between versions, so that a busy one does not starve the others', () => {
  const batcher = batcherOf(2);
  batcher.add(rows('busy', 1, 2, 3, 4, 5));
  batcher.add(rows('rare', 9));
  expect(ids(batcher.take())).toEqual([1, 2]);
  expect(ids(batcher.take())).toEqual([9]);
  expect(ids(batcher.take())).toEqual([3, 4]);
});

it('puts back in front what an executor did not begin', () => {
  const batcher = batcherOf(2);
  batcher.add(rows('a', 1, 2, 3));
  const given = batcher.take()!;
  batcher.putBack(given);
  expect(ids(batcher.take())).toEqual([1, 2]);
});

it('gives what was put back the next turn of its lane: one of a rare version would lose its turn each time', () => {
  const batcher = batcherOf(2);
  batcher.add(rows('busy', 1, 2));
  const [rare] = rows('rare', 9) as [Row];
  batcher.add([rare]);
  const [running, behind] = [batcher.take() as Row[], batcher.take() as Row[]];
  batcher.add(rows('busy', 3, 4));
  // The run of all that was marked was ended, and with it what waited behind it.
  for (const row of running) row.isMarked = true;
  batcher.putBack([...running, ...behind]);
  expect(running.map(({ settled }) => settled)).toEqual(Array(2).fill([{ kind: 'dropped' }]));
  expect(ids(batcher.take())).toEqual([9]);
  expect(ids(batcher.take())).toEqual([3, 4]);
});

it('drops what was marked, and fills the micro-batch with the next', () => {
  const batcher = batcherOf(2);
  const [first, marked, third] = rows('a', 1, 2, 3) as [Row, Row, Row];
  marked.isMarked = true;
  batcher.add([first, marked, third]);
  expect(batcher.take()).toEqual([first, third]);
  expect(marked.settled).toEqual([{ kind: 'dropped' }]);
});

it('looks at the next version where everything of the first was marked', () => {
  const batcher = batcherOf(2);
  const [marked] = rows('a', 1) as [Row];
  marked.isMarked = true;
  batcher.add([marked]);
  batcher.add(rows('b', 2));
  expect(ids(batcher.take())).toEqual([2]);
  expect(batcher.take()).toBeNull();
});

describe('under any interleaving of add, take, put back and mark', () => {
  type Step = { do: 'add'; versions: string[] } | { do: 'take' } | { do: 'putBack' } | { do: 'mark'; nth: number };
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({
      do: fc.constant('add' as const),
      versions: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 9 }),
    }),
    fc.record({ do: fc.constant('take' as const) }),
    fc.record({ do: fc.constant('putBack' as const) }),
    fc.record({ do: fc.constant('mark' as const), nth: fc.nat(40) }),
  );
  const limits: Record<string, number> = { a: 1, b: 3, c: 4 };

  it('no prediction is lost or given twice, and a micro-batch is of one version and not too large', () => {
    const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const batcher = new DynamicBatcher({ interactive: (version) => limits[version] ?? 0, bulk: () => 1 });
      const all: Row[] = [];
      /** Given out and not put back, the latest last. */
      const given: Row[][] = [];
      const take = (): boolean => {
        const batch = batcher.take() as Row[] | null;
        if (batch === null) return false;
        const version = batch[0]!.versionId;
        expect(batch.every((row) => row.versionId === version && !row.isMarked)).toBe(true);
        expect(batch.length).toBeLessThanOrEqual(limits[version]!);
        given.push(batch);
        return true;
      };
      for (const next of steps) {
        if (next.do === 'add') {
          const added = next.versions.map((version, i) => new Row(version, all.length + i));
          all.push(...added);
          batcher.add(added);
        } else if (next.do === 'take') take();
        else if (next.do === 'putBack') batcher.putBack(given.pop() ?? []);
        else if (all[next.nth] !== undefined) all[next.nth]!.isMarked = true;
        const out = given.flat().length + all.filter((row) => row.settled.length > 0).length;
        expect(batcher.size).toBe(all.length - out);
      }
      // Bounded, so that a batcher which never runs dry fails instead of hanging.
      for (let i = 0; i <= all.length && take(); i += 1);
      expect(batcher.size).toBe(0);
      const dropped = all.filter((row) => row.settled.length > 0);
      expect(dropped.every((row) => row.settled.length === 1 && row.settled[0]!.kind === 'dropped')).toBe(true);
      const seen = [...given.flat(), ...dropped].map((row) => row.id).sort((a, b) => a - b);
      expect(seen).toEqual(all.map((row) => row.id));
    });
    fc.assert(property, { numRuns: 500 });
  });
});

describe('the bulk lane', () => {
  const bulk = (...ids: number[]): Row[] => ids.map((id) => new Row('a', id, 'bulk'));

  it('waits behind interactive predictions, and runs in smaller micro-batches', () => {
    const batcher = batcherOf(8, 2);
    batcher.add(bulk(1, 2, 3));
    batcher.add(rows('a', 7, 8, 9));
    expect(ids(batcher.take())).toEqual([7, 8, 9]);
    expect(ids(batcher.take())).toEqual([1, 2]);
    expect(ids(batcher.take())).toEqual([3]);
  });

  it('gets one turn in ten, however many interactive predictions wait', () => {
    const batcher = batcherOf(1);
    batcher.add(bulk(1, 2));
    batcher.add(rows('a', ...Array.from({ length: 30 }, (_, n) => 100 + n)));
    const turns = Array.from({ length: 20 }, () => batcher.take()?.[0]?.lane);
    expect(turns.map((lane, turn) => (lane === 'bulk' ? turn : -1)).filter((turn) => turn >= 0)).toEqual([9, 19]);
  });

  it('takes what is put back first', () => {
    const batcher = batcherOf(8, 2);
    batcher.add(bulk(1, 2, 3));
    batcher.putBack(batcher.take()!);
    expect(ids(batcher.take())).toEqual([1, 2]);
  });

  it('goes behind callers where it was put back from a turn that nobody else wanted', () => {
    const batcher = batcherOf(1);
    batcher.add(bulk(1));
    const early = batcher.take()!;
    batcher.add(rows('a', 100, 101));
    batcher.putBack(early);
    expect([batcher.take(), batcher.take(), batcher.take()].map(ids)).toEqual([[100], [101], [1]]);
  });
});
