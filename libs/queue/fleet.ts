/** Which workers live, and what each serves: every worker says so every few seconds, and is forgotten when it stops. */
import type { VersionId } from '#domain/model-version';
import type { Redis } from 'ioredis';
import type { Catalogue } from './catalogue.js';

export interface LiveWorker {
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly models: readonly string[];
  readonly versions: readonly ServedVersion[];
  readonly executors: { readonly ready: number; readonly busy: number };
  /** Predictions that have ended in it since it started, by model; absent in one of an older release. */
  readonly ended?: Readonly<Record<string, number>>;
}

export interface ServedVersion {
  readonly id: VersionId;
  readonly model: string;
  /** Measured milliseconds of one prediction inside a micro-batch; null while it has run none. */
  readonly rowCostMs: number | null;
}

export const HEARTBEAT_MS = 3_000;
/** A worker that has said nothing for this long is gone. */
const FORGOTTEN_AFTER_MS = 10_000;

export class Fleet {
  constructor(
    private readonly redis: Redis,
    private readonly catalogue: Catalogue,
  ) {}

  async announce(worker: LiveWorker): Promise<void> {
    await this.redis.set(this.catalogue.workerKey(worker.id), JSON.stringify(worker), 'PX', FORGOTTEN_AFTER_MS);
    await this.redis.sadd(this.catalogue.workersKey(), worker.id);
  }

  async leave(workerId: string): Promise<void> {
    await this.redis.del(this.catalogue.workerKey(workerId));
    await this.redis.srem(this.catalogue.workersKey(), workerId);
  }

  async list(): Promise<LiveWorker[]> {
    const ids = await this.redis.smembers(this.catalogue.workersKey());
    const texts = await Promise.all(ids.map((id) => this.redis.get(this.catalogue.workerKey(id))));
    const gone = ids.filter((_, index) => texts[index] === null);
    if (gone.length > 0) await this.redis.srem(this.catalogue.workersKey(), ...gone);
    return texts.flatMap((text) => (text === null ? [] : [JSON.parse(text) as LiveWorker]));
  }
}
