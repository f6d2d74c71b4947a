import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { signal, type Signal } from '#testing/signal';
import { Gathering } from './gathering.js';

/** Longer than any test. */
const PATIENT_MS = 60_000;

/** What has left so far, and a way to let each arrive. */
function gathering(enough: number, longestHoldMs = PATIENT_MS) {
  const left: (readonly number[])[] = [];
  const arrivals: Signal<void>[] = [];
  const leaving: { count: number; send: () => void }[] = [];
  const one = new Gathering<number>(
    () => enough,
    (together) => {
      left.push(together);
      for (const { count, send } of leaving) if (left.length >= count) send();
      const arrival = signal();
      arrivals.push(arrival);
      return arrival.seen;
    },
    longestHoldMs,
  );
  return {
    left,
    add: (...numbers: number[]) => numbers.forEach((number) => one.add(number)),
    /** The envelope of that place reaches Redis. */
    arrive: (place: number) => arrivals[place]?.send(),
    /** Resolves when so many have left. */
    async leaves(count: number): Promise<void> {
      const seen = signal();
      leaving.push({ count, send: seen.send });
      if (left.length < count) await seen.seen;
    },
  };
}

describe('submissions that can share an envelope', () => {
  it('leave at the end of their turn, with what came in it, where nothing is underway', async () => {
    const { left, add, arrive } = gathering(64);
    add(1, 2);
    expect(left).toEqual([]);
    await turn();
    expect(left).toEqual([[1, 2]]);
    arrive(0);
    await turn();
    add(3);
    await turn();
    expect(left).toEqual([[1, 2], [3]]);
  });

  it('wait for each other while an envelope is underway, and for what its callers ask next', async () => {
    const { left, add, arrive, leaves } = gathering(64);
    add(1);
    await turn();
    add(2);
    await turn();
    add(3);
    await turn();
    expect(left).toEqual([[1]]);
    arrive(0);
    await turn();
    // The first caller has its answer and asks again.
    add(4);
    expect(left).toEqual([[1]]);
    await leaves(2);
    expect(left).toEqual([[1], [2, 3, 4]]);
  });

  it('leave at once when they fill an envelope', async () => {
    const { left, add } = gathering(3);
    add(1);
    await turn();
    add(2, 3);
    await turn();
    expect(left).toEqual([[1]]);
    add(4);
    await turn();
    expect(left).toEqual([[1], [2, 3, 4]]);
    add(5);
    await turn();
    expect(left).toHaveLength(2);
  });

  it('do not wait long for a Redis that is slow or silent', async () => {
    const { left, add, arrive, leaves } = gathering(64, 5);
    add(1);
    await turn();
    add(2);
    await leaves(2);
    add(3);
    await leaves(3);
    expect(left).toEqual([[1], [2], [3]]);
    add(4);
    for (const place of [0, 1, 2]) arrive(place);
    await leaves(4);
    expect(left).toEqual([[1], [2], [3], [4]]);
  });

  it('are sent once each, however turns and arrivals follow on one another', async () => {
    const { left, add, arrive, leaves } = gathering(5);
    // A small generator of Lehmer's, so that every run does the same.
    let state = 7;
    const draw = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below;
    let number = 0;
    let arrived = 0;
    for (let step = 0; step < 2_000; step += 1) {
      for (let i = draw(4); i > 0; i -= 1) add((number += 1));
      if (draw(3) === 0 && arrived < left.length) arrive(arrived++);
      if (draw(2) === 0) await turn();
    }
    while (left.flat().length < number) {
      while (arrived < left.length) arrive(arrived++);
      await leaves(left.length + 1);
    }
    expect(left.flat()).toEqual(Array.from({ length: number }, (_, i) => i + 1));
  });
});
