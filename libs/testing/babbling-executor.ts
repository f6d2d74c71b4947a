/** An executor whose answers mean nothing, as after native code has written over its memory. */
import { writeSync } from 'node:fs';
import type { ToExecutor } from '#contract/executor-protocol';
import { EXECUTOR_OUTPUT_FD, readMessages, writeToWorker, encodeMessage } from '#inference/message-pipe';

const NONSENSE = [null, 7, 'ready', [], { kind: 'ran' }, { kind: 'ran', batch: 1, results: [null], stages: {} }];

readMessages(process.stdin, {
  onMessage: (received) => {
    const message = received as ToExecutor;
    if (message.kind === 'load') return writeToWorker(encodeMessage({ kind: 'ready', loads: [] }));
    writeToWorker(encodeMessage({ kind: 'running', batch: message.batch }));
    for (const nonsense of NONSENSE) writeSync(EXECUTOR_OUTPUT_FD, `${JSON.stringify(nonsense)}\n`);
    writeSync(EXECUTOR_OUTPUT_FD, Buffer.from([0xff, 0x00, 0x7b, 0x0a, 0x7b]));
  },
  onNonsense: () => process.exit(1),
});
process.stdin.on('end', () => process.exit(0));
