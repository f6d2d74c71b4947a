/** Part e: how the fleet behaves from one caller to two hundred, with one worker and with two. */
import { setTimeout as sleep } from 'node:timers/promises';
import path from 'node:path';
import { projectRoot } from '#config/settings';
import { FleetUnderTest } from './fleet-under-test.js';
import type { Cost } from './observer.js';
import { goldenInputs, type LoadBench } from './setting.js';

export interface ProfileRow {
  readonly workers: number;
  readonly connections: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** Invalid inputs, answered 422 as they should be. */
  readonly refused: number;
  readonly errors: number;
  readonly cost: Cost;
  readonly fullFirst: string;
}

const MODEL = 'iris';
const WORKERS = [1, 2];
const CONNECTIONS = [1, 10, 50, 200];
/** 2 % of the inputs. */
const INVALID_EVERY = 50;
const SECONDS = { quick: 2, full: 8 };
const WARM_UP_SECONDS = 3;
const PAUSE_MS = 500;
/** A process with one thread that matters is full at this share of a core. */
const FULL_CORE = 0.9;
/** A machine with less than this share of its cores idle is full. */
const FULL_MACHINE = 0.05;

export async function profileLoad(
  load: LoadBench,
  workDir: string,
  quick: boolean,
  say: (line: string) => void,
): Promise<ProfileRow[]> {
  const rows: ProfileRow[] = [];
  for (const workers of WORKERS) {
    const modelsDir = path.join(projectRoot(), 'models');
    const inputs = await goldenInputs(modelsDir, MODEL);
    const fleet = await FleetUnderTest.start({ redisUrl: load.redis.url, workDir, modelsDir, workers });
    try {
      const spec = { model: MODEL, inputs, wait: true, invalidEvery: INVALID_EVERY };
      await load.load(fleet, { ...spec, connections: 50, until: { seconds: WARM_UP_SECONDS } });
      for (const connections of CONNECTIONS) {
        await sleep(PAUSE_MS);
        const until = { seconds: quick ? SECONDS.quick : SECONDS.full };
        const { result, cost } = await load.load(fleet, { ...spec, connections, until });
        const perSecond = (result.good / (result.lastAnswerAtMs - result.firstSentAtMs)) * 1_000;
        const { p50Ms, p95Ms, p99Ms, refused, errors } = result;
        rows.push({
          workers,
          connections,
          perSecond,
          p50Ms,
          p95Ms,
          p99Ms,
          refused,
          errors,
          cost,
          fullFirst: fullFirst(cost),
        });
        say(`  ${workers} worker(s), ${connections} connections: ${Math.round(perSecond)} predictions/s`);
      }
    } finally {
      await fleet.stop();
    }
  }
  return rows;
}

/** What stands in the way of more. */
function fullFirst({ processes, idleCores, foreignCores, stolenCores }: Cost): string {
  const [busiest] = [...processes].sort((a, b) => b.cores - a.cores);
  if (busiest === undefined || busiest.cores === 0) return 'unknown';
  if (busiest.cores >= FULL_CORE) return `${busiest.name}: a core`;
  const used = processes.reduce((sum, { cores }) => sum + cores, 0);
  const cores = used + idleCores + foreignCores + stolenCores;
  if (idleCores < cores * FULL_MACHINE) return `the machine; ${busiest.name} has most of it`;
  return 'nothing: round trips';
}
