import 'reflect-metadata';
import { readProcessSettings } from '#config/settings';
import { startProcess } from '#process/start';
import { createLogger } from '#telemetry/logger';
import { runCourier } from './run-courier.js';

const logger = await createLogger({ app: 'courier', level: 'info' });
await startProcess(logger, async () => {
  const settings = readProcessSettings();
  logger.level = settings.LOG_LEVEL;
  return runCourier(settings, logger);
});
