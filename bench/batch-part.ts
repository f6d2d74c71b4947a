/** Parts f, g and h: batches and webhooks, on one fleet with a courier. */
import path from 'node:path';
import { projectRoot } from '#config/settings';
import { compareCallers, measureUploadMemory } from './batch-beside-callers.js';
import type { BatchAnswer, BatchOrder } from './batch-client.js';
import { compareBatches } from './batch-comparison.js';
import { BenchChild } from './child-channel.js';
import { FleetUnderTest } from './fleet-under-test.js';
import type { BenchOptions } from './options.js';
import type { Finding } from './report.js';
import type { LoadBench } from './setting.js';
import { measureWebhooks } from './webhook-rate.js';

export async function runBatchPart(
  load: LoadBench,
  options: BenchOptions,
  workDir: string,
  say: (line: string) => void,
): Promise<{ findings: Finding[]; tables: string[] }> {
  const modelsDir = path.join(projectRoot(), 'models');
  const { parts } = options;
  const findings: Finding[] = [];
  const tables: string[] = [];
  const client = await BenchChild.start<BatchOrder, BatchAnswer>('batch-client');
  const fleet = await FleetUnderTest.start({ redisUrl: load.redis.url, workDir, modelsDir, workers: 1, courier: true });
  const bench = { load, fleet, modelsDir, workDir, client };
  try {
    // First of all: later the API's memory is that of whatever it did before.
    if (parts.has('g')) findings.push(await measureUploadMemory(bench, options, say));
    if (parts.has('g')) findings.push(await compareCallers(bench, options, say));
    if (parts.has('f')) {
      const compared = await compareBatches(bench, options, say);
      findings.push(...compared.findings);
      tables.push(...compared.tables);
    }
    if (parts.has('h')) findings.push(await measureWebhooks(bench, options, say));
    return { findings, tables };
  } finally {
    await fleet.stop();
    await client.stop();
  }
}
