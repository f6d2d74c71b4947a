import { describe, expect, it } from 'vitest';
import { drain, unlessBroken } from './draining.js';

describe('draining', () => {
  it('goes in steps, and ends with what was due when it began, however much comes meanwhile', async () => {
    const steps: number[] = [];
    await drain(250, 100, async (most) => {
      steps.push(most);
      return most;
    });
    expect(steps).toEqual([100, 100, 50]);
  });

  it('ends where somebody else was quicker', async () => {
    const left = [100, 30, 0];
    await drain(1_000, 100, async () => left.shift() ?? expect.fail('it did not end'));
    expect(left).toEqual([]);
  });

  it('does nothing where nothing is due', async () => {
    await drain(0, 100, async () => expect.fail('there was nothing to do'));
  });
});

describe('one that is broken', () => {
  it('is reported, and stops nobody', async () => {
    const errors: Error[] = [];
    const error = new Error('WRONGTYPE Operation against a key');
    expect(await unlessBroken(Promise.reject(error), (one) => errors.push(one))).toBeNull();
    expect(await unlessBroken(Promise.resolve(1), (one) => errors.push(one))).toBe(1);
    expect(errors).toEqual([error]);
  });

  it.each(['OOM command not allowed', 'Connection is closed.'])('is not what is at fault: %s', async (message) => {
    const report = (): never => expect.fail('it was taken for broken');
    await expect(unlessBroken(Promise.reject(new Error(message)), report)).rejects.toThrow(message);
  });
});
