/** A worker in this process, whose executors are those of libs/testing, which a certain iris kills. */
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { projectRoot, readSettings } from '#config/settings';
import { createLogger } from '#telemetry/logger';
import type { Settings } from '#testing/fleet';
import { freePort } from '#testing/redis-server';
import { runWorker } from '../apps/worker/run-worker.js';

export interface PoisonableWorker {
  /** Address of its metrics. */
  readonly opsUrl: string;
  /** The end of the test does it too. */
  readonly stop: () => Promise<void>;
}

export async function startPoisonableWorker(settings: Settings): Promise<PoisonableWorker> {
  const port = await freePort();
  const worker = await runWorker({
    settings: readSettings({ ...settings, OPS_PORT: String(port), WORKER_MODELS: 'iris' }),
    logger: await createLogger({ app: 'worker', level: 'silent' }),
    executorEntry: path.join(projectRoot(), 'dist/libs/testing/poison-executor.js'),
    refuse: (reason) => {
      throw new Error(reason);
    },
  });
  let stopped: Promise<void> | null = null;
  const stop = (): Promise<void> => (stopped ??= worker.stop());
  onTestFinished(stop);
  return { opsUrl: `http://127.0.0.1:${port}`, stop };
}
