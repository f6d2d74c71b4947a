/** A process with one executor in an endless run: it says the child's pid on stdout and then does nothing. */
import { executorEnvironment } from '#config/settings';
import { Executor } from '#inference/executor';

const [entry = '', modelsDir = '', versionId = '', input = '{}'] = process.argv.slice(2);

const executor = new Executor(
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
  'one',
  {
    onReady: () =>
      executor.run({
        versionId,
        inputs: [input],
        onRunning: () => process.stdout.write(`${executor.pid ?? 0}\n`),
        onRan: () => process.exit(1),
        onBroke: () => process.exit(1),
      }),
    onRefused: () => process.exit(1),
    onDeath: () => process.exit(1),
  },
);
