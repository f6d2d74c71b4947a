import { expect, it, onTestFinished, vi } from 'vitest';
import { Rounds } from './rounds.js';

const ignore = (): void => undefined;

it('begins the next round when the one before it has ended, failed or not', async () => {
  const errors: string[] = [];
  let rounds = 0;
  await new Promise<void>((resolve) => {
    const work = new Rounds(
      () => {
        rounds += 1;
        if (rounds === 3) resolve();
        return rounds === 1 ? Promise.reject(new Error('once')) : Promise.resolve();
      },
      1,
      (error) => errors.push(error.message),
    );
    void work.start();
  });
  expect(errors).toEqual(['once']);
});

it('begins no round after it was stopped in the middle of one', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let rounds = 0;
  let endRound = ignore;
  const work = new Rounds(
    () => {
      rounds += 1;
      return new Promise((resolve) => (endRound = resolve));
    },
    0,
    ignore,
  );
  void work.start();
  const stopped = work.stop();
  endRound();
  await stopped;
  expect([rounds, vi.getTimerCount()]).toEqual([1, 0]);
});

it('waits for a pause first where it is told to', async () => {
  let hasRun = false;
  const work = new Rounds(
    () => {
      hasRun = true;
      return Promise.resolve();
    },
    60_000,
    ignore,
  );
  work.startAfterPause();
  await work.stop();
  expect(hasRun).toBe(false);
});
