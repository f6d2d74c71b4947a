import 'reflect-metadata';
import { fileURLToPath } from 'node:url';
import { readProcessSettings } from '#config/settings';
import { startProcess } from '#process/start';
import { createLogger } from '#telemetry/logger';
import { runWorker } from './run-worker.js';

const logger = await createLogger({ app: 'worker', level: 'info' });
await startProcess(logger, async (refuse) => {
  const settings = readProcessSettings();
  logger.level = settings.LOG_LEVEL;
  const executorEntry = fileURLToPath(import.meta.resolve('#inference/executor-main'));
  return runWorker({ settings, logger, executorEntry, refuse });
});
