/** A process that has no file handle left when its executor is started, and gets some back when it hears of that. */
import { closeSync, openSync } from 'node:fs';
import { executorEnvironment } from '#config/settings';
import { DynamicBatcher } from '#inference/dynamic-batcher';
import { ExecutorPool } from '#inference/executor-pool';

const [entry = '', modelsDir = '', versionId = ''] = process.argv.slice(2);

const handles: number[] = [];
const pool = new ExecutorPool(
  1,
  {
    entry,
    modelsDir,
    versions: [{ id: versionId, name: 'iris', label: '1.0.0' }],
    threads: 1,
    timeoutMs: () => 600_000,
    startMs: 600_000,
    beginMs: 600_000,
    environment: executorEnvironment(),
  },
  new DynamicBatcher({ interactive: () => 1, bulk: () => 1 }),
  {
    onReady: () => tell('ready', () => process.exit(0)),
    onRefused: () => process.exit(1),
    onNotLoaded: () => process.exit(1),
    onDeath: (cause) => {
      for (const handle of handles.splice(0)) closeSync(handle);
      tell(cause);
    },
    onBatch: () => undefined,
  },
);

function tell(line: string, then: () => void = () => undefined): void {
  process.stdout.write(`${line}\n`, then);
}

// What is opened at the first word must not be what is missing.
tell('begins', () => {
  takeAll();
  pool.start();
});

function takeAll(): void {
  try {
    for (;;) handles.push(openSync('/dev/null', 'r'));
  } catch {
    return; // That was all.
  }
}
