/**
 * One fleet a data directory: two servers on one append-only file would destroy it.
 *
 * The claim is a file that names the supervisor and its Redis. A process id alone proves nothing, because ids come round
 * again (in a container every start has the same one), so a claim counts only while the Redis that it names answers
 * with that very process id, or while its supervisor is alive and has only just begun.
 */
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { probeRedis } from './redis-probe.js';

interface ClaimFile {
  readonly supervisor: number;
  /** Null until the server answers. */
  readonly redis: { readonly pid: number; readonly port: number } | null;
  /** Milliseconds since the epoch. */
  readonly claimedAt: number;
}

export interface Claim {
  /** The supervisor that has the directory already; null when it is ours now. */
  readonly takenBy: number | null;
  /** Names the running server in the claim. */
  name(redis: { pid: number; port: number }): Promise<void>;
  release(): Promise<void>;
}

/** A first start downloads packages before it has a server. */
const LONGEST_START_MS = 10 * 60_000;
const ORPHAN_STOP_MS = 10_000;

export async function claimDataDir(dataDir: string): Promise<Claim> {
  await mkdir(dataDir, { recursive: true });
  const file = path.join(dataDir, 'redis.claim');
  for (let attempt = 0; attempt < 2; attempt += 1) {
    if (await createExclusively(file)) return ours(file);
    const holder = await readClaim(file);
    if (holder !== null && (await isHeld(holder))) return { ...ours(file), takenBy: holder.supervisor };
    if (holder !== null) await endOrphan(holder);
    await rm(file, { force: true });
  }
  return { ...ours(file), takenBy: (await readClaim(file))?.supervisor ?? 0 };
}

function ours(file: string): Claim {
  return {
    takenBy: null,
    async name(redis) {
      await writeFile(`${file}.new`, textOf(redis));
      await rename(`${file}.new`, file);
    },
    release: () => rm(file, { force: true }),
  };
}

function textOf(redis: ClaimFile['redis']): string {
  return JSON.stringify({ supervisor: process.pid, redis, claimedAt: Date.now() } satisfies ClaimFile);
}

async function createExclusively(file: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx');
    await handle.writeFile(textOf(null));
    await handle.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function readClaim(file: string): Promise<ClaimFile | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as ClaimFile;
  } catch {
    // Gone meanwhile, or torn by a power cut: nobody holds it.
    return null;
  }
}

async function isHeld(claim: ClaimFile): Promise<boolean> {
  if (!isAlive(claim.supervisor)) return false;
  if (claim.redis !== null) return answersAs(claim.redis);
  return claim.supervisor !== process.pid && Date.now() - claim.claimedAt < LONGEST_START_MS;
}

/** Where the kernel cannot tie a child to its parent, a supervisor killed with -9 leaves its Redis behind. */
async function endOrphan(claim: ClaimFile): Promise<void> {
  if (claim.redis === null || !(await answersAs(claim.redis))) return;
  process.kill(claim.redis.pid, 'SIGTERM');
  for (const deadline = Date.now() + ORPHAN_STOP_MS; isAlive(claim.redis.pid) && Date.now() < deadline;)
    await sleep(50);
}

async function answersAs({ pid, port }: { pid: number; port: number }): Promise<boolean> {
  const probe = await probeRedis(new URL(`redis://127.0.0.1:${port}`), 1_000);
  // One that reads its data does not say who it is; on that port it can hardly be another.
  return probe.state === 'loading' || (probe.state === 'up' && probe.info.processId === pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
