import { expect, it } from 'vitest';
import { InHand } from './in-hand.js';

const mark = { kind: 'canceled', atMs: 1 } as const;

it('knows the marks that came with the job and those that come while it is held', () => {
  const inHand = new InHand();
  const held = inHand.take('e', new Map([[2, mark]]));
  inHand.mark({ kind: 'row', jobId: 'e', row: 5 });
  inHand.mark({ kind: 'row', jobId: 'other', row: 7 });
  expect([2, 5, 7].map((row) => held.isMarked(row))).toEqual([true, true, false]);
});

it('hands over everything unfinished at the deadline, and only that', async () => {
  const inHand = new InHand();
  const [first, done] = [inHand.take('a', new Map()), inHand.take('b', new Map())];
  inHand.settle('b', done);
  expect(inHand.size).toBe(1);
  inHand.letGoOfAll();
  await first.interrupted;
  const winner = await Promise.race([done.interrupted.then(() => 'interrupted'), Promise.resolve('left alone')]);
  expect(winner).toBe('left alone');
});

it('keeps its hold of a job that was lost and taken again, when the lost one is let go', () => {
  const inHand = new InHand();
  const lost = inHand.take('a', new Map());
  const held = inHand.take('a', new Map());
  inHand.settle('a', lost);
  inHand.mark({ kind: 'row', jobId: 'a', row: 0 });
  expect(held.isMarked(0)).toBe(true);
});

it('marks every row that it holds of a batch', () => {
  const inHand = new InHand();
  const [first, second, other] = ['a', 'a', 'b'].map((batch, n) => inHand.take(`e${n}`, new Map(), batch));
  inHand.mark({ kind: 'batch', batchId: 'a', mark });
  expect([first, second, other].map((held) => held?.isMarked(3))).toEqual([true, true, false]);
  expect(first?.markOfAll).toEqual(mark);
});
