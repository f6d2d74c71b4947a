/** An executor whose answers mean nothing, as after native code has written over its memory. */
import type { ToExecutor } from '#contract/executor-protocol';

const NONSENSE = [null, 7, 'ready', [], { kind: 'ran' }, { kind: 'ran', batch: 1, results: [null], stages: {} }];

process.on('message', (message: ToExecutor) => {
  if (message.kind === 'load') return process.send?.({ kind: 'ready', loads: [] });
  process.send?.({ kind: 'running', batch: message.batch });
  for (const nonsense of NONSENSE) process.send?.(nonsense);
});
process.on('disconnect', () => process.exit(0));
