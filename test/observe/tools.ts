/** Prometheus and its tools for a test, where they can be had. */
import path from 'node:path';
import { projectRoot } from '#config/settings';
import { findMonitoringTools, MonitoringToolsError, type MonitoringTools } from '#process/monitoring-tools';

/**
 * Where the tools cannot be had at all, as on a Mac without them, the test is left out and says so; never in CI.
 * @param subject what is then not tested, as the start of the sentence "... are not tested"
 */
export async function findTools(subject: string): Promise<MonitoringTools | null> {
  try {
    const folder = path.join(projectRoot(), '.millrace', 'prometheus');
    return await findMonitoringTools(folder, (line) => process.stdout.write(`${line}\n`));
  } catch (error) {
    if (!(error instanceof MonitoringToolsError) || process.env['CI'] !== undefined) throw error;
    process.stdout.write(`${subject} are not tested: ${error.message}\n`);
    return null;
  }
}
