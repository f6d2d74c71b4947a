import { describe, expect, it } from 'vitest';
import { type Followed, Follower, Reader } from './follower.js';

const always = (): boolean => true;

/** Something that changes when it is told to. */
class Counter implements Followed<number> {
  value = 0;
  isAway = false;
  looks = 0;
  readonly ears = new Set<() => void>();

  constructor(
    readonly end: number,
    readonly patience = 60_000,
  ) {}

  listen(ring: () => void): (() => void)[] {
    this.ears.add(ring);
    return [() => this.ears.delete(ring)];
  }

  look(): Promise<number> {
    this.looks += 1;
    return this.isAway ? Promise.reject(new Error('away')) : Promise.resolve(this.value);
  }

  isOver(seen: number): boolean {
    return seen >= this.end;
  }

  patienceMs(): number {
    return this.patience;
  }

  set(value: number): void {
    this.value = value;
    for (const ring of this.ears) ring();
  }
}

describe('a follower', () => {
  it('sees where a thing stands, each time it is told, and the end', async () => {
    const counter = new Counter(2);
    const seen = new Follower().follow(counter, new Reader(always));
    expect((await seen.next()).value).toBe(0);
    counter.set(1);
    expect((await seen.next()).value).toBe(1);
    const last = seen.next();
    counter.set(2);
    expect((await last).value).toBe(2);
    expect((await seen.next()).done).toBe(true);
    // One look a message, and nobody is left to be told.
    expect([counter.looks, counter.ears.size]).toEqual([3, 0]);
  });

  it('looks by itself where nothing was told', async () => {
    const counter = new Counter(1, 1);
    const seen = new Follower().follow(counter, new Reader(always));
    await seen.next();
    counter.value = 1;
    expect((await seen.next()).value).toBe(1);
  });

  it('does not miss what happens between its look and its wait', async () => {
    const counter = new Counter(1);
    const seen = new Follower().follow(counter, new Reader(always));
    await seen.next();
    counter.set(1);
    expect((await seen.next()).value).toBe(1);
  });

  it('stays while nothing can be said, and throws what the first look throws', async () => {
    const counter = new Counter(1);
    const seen = new Follower().follow(counter, new Reader(always));
    await seen.next();
    counter.isAway = true;
    counter.set(1);
    expect((await seen.next()).value).toBeNull();
    counter.isAway = false;
    counter.set(1);
    expect((await seen.next()).value).toBe(1);
    expect((await seen.next()).done).toBe(true);

    counter.isAway = true;
    await expect(new Follower().follow(counter, new Reader(always)).next()).rejects.toThrow('away');
    expect(counter.ears.size).toBe(0);
  });

  it.each(['the reader leaves', 'the process ends'])('ends when %s', async (why) => {
    const counter = new Counter(1);
    const [follower, reader] = [new Follower(), new Reader(always)];
    const seen = follower.follow(counter, reader);
    await seen.next();
    const next = seen.next();
    if (why === 'the process ends') follower.releaseAll();
    else reader.leave();
    expect((await next).done).toBe(true);
    expect(counter.ears.size).toBe(0);
  });

  it('sends those away whose key has ended, before they see anything more, and leaves the others', async () => {
    const counter = new Counter(2);
    const follower = new Follower();
    let mayRead = true;
    const leaving = follower.follow(counter, new Reader(() => mayRead));
    const staying = follower.follow(counter, new Reader(always));
    await Promise.all([leaving.next(), staying.next()]);
    const nexts = [leaving.next(), staying.next()];
    mayRead = false;
    follower.sendAway();
    expect((await nexts[0])?.done).toBe(true);
    expect(counter.looks).toBe(2);
    counter.set(1);
    expect((await nexts[1])?.value).toBe(1);
  });
});
