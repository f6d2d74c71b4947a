import { expect, it, vi } from 'vitest';
import type { Batch } from '#domain/batch';
import { BatchLooks } from './batch-looks.js';

it('a hundred who ask at once share a look, and who asks during it shares the next one', async () => {
  let answer: (batch: Batch | null) => void = () => undefined;
  const read = vi.fn(() => new Promise<Batch | null>((resolve) => (answer = resolve)));
  const looks = new BatchLooks(read);
  const ask = (): Promise<unknown> => Promise.all(Array.from({ length: 100 }, () => looks.look('iris', 'b1')));
  const first = ask();
  await vi.waitFor(() => expect(read).toHaveBeenCalledTimes(1), { timeout: 10_000 });
  // What has begun may be older than what these were told of.
  const second = ask();
  answer(null);
  await first;
  expect(read).toHaveBeenCalledTimes(1);
  await vi.waitFor(() => expect(read).toHaveBeenCalledTimes(2), { timeout: 10_000 });
  answer(null);
  await second;
  expect(read).toHaveBeenCalledTimes(2);
});
