import 'reflect-metadata';
import { readProcessSettings } from '#config/settings';
import { startProcess } from '#process/start';
import { createLogger } from '#telemetry/logger';
import { runApi } from './run-api.js';

const logger = await createLogger({ app: 'api', level: 'info' });
await startProcess(logger, async () => {
  const settings = readProcessSettings();
  logger.level = settings.LOG_LEVEL;
  return runApi(settings, logger);
});
