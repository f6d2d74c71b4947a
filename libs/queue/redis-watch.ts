/** Watches the Redis that all depends on: looked at once a second, not at every command. */
import type { Redis } from 'ioredis';
import { inTime, isAnswering, nodesOf } from './connection.js';
import { Rounds } from './rounds.js';

export interface RedisFacts {
  /** Used memory as a share of the limit. */
  readonly memoryShare: number;
  /** What it does when its memory is full; only `noeviction` loses nothing. */
  readonly evictionPolicy: string;
  /** The append-only file is on, and its last write went well. */
  readonly appends: boolean;
  /** Milliseconds of the last PING. */
  readonly roundTripMs: number;
}

const LOOK_EVERY_MS = 1_000;
const KEEPS_ALL = 'noeviction';
/** Until the first look. */
const UNKNOWN: RedisFacts = { memoryShare: 0, evictionPolicy: KEEPS_ALL, appends: true, roundTripMs: 0 };

export class RedisWatch {
  #facts = UNKNOWN;
  #isUp = false;
  #asked: Promise<boolean> | null = null;
  readonly #looks: Rounds;

  constructor(
    private readonly redis: Redis,
    onError: (error: Error) => void,
  ) {
    this.#looks = new Rounds(() => this.#look(), LOOK_EVERY_MS, onError);
  }

  get facts(): RedisFacts {
    return this.#facts;
  }

  /** Whether it answered when it was last asked; false until then. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Asks it now. Who asks meanwhile shares the question, so that what a process says of it in one breath agrees. */
  isAnswering(): Promise<boolean> {
    this.#asked ??= this.#ask().finally(() => (this.#asked = null));
    return this.#asked;
  }

  /** Used memory as a share of the limit. */
  get share(): number {
    return this.#facts.memoryShare;
  }

  get keepsAll(): boolean {
    return this.#facts.evictionPolicy === KEEPS_ALL;
  }

  /** What an operator has to change, or null. */
  get complaint(): string | null {
    if (this.keepsAll) return null;
    return `Redis may evict data: its maxmemory-policy is ${this.#facts.evictionPolicy}, it has to be ${KEEPS_ALL}`;
  }

  start(): void {
    void this.#looks.start();
  }

  stop(): void {
    void this.#looks.stop();
  }

  async #ask(): Promise<boolean> {
    const began = performance.now();
    this.#isUp = await isAnswering(this.redis);
    if (this.#isUp) this.#facts = { ...this.#facts, roundTripMs: performance.now() - began };
    return this.#isUp;
  }

  async #look(): Promise<void> {
    if (!(await this.isAnswering())) return;
    const asked = nodesOf(this.redis).map((node) => Promise.all([node.info('memory'), node.info('persistence')]));
    const nodes = (await inTime(Promise.all(asked))).map(([memory, persistence]) => readInfo(memory, persistence));
    this.#facts = { ...this.#facts, ...worstOf(nodes) };
  }
}

/** A cluster is as full, and as safe, as its worst node. */
function worstOf(nodes: readonly Omit<RedisFacts, 'roundTripMs'>[]): Omit<RedisFacts, 'roundTripMs'> {
  return {
    memoryShare: Math.max(0, ...nodes.map(({ memoryShare }) => memoryShare)),
    evictionPolicy: nodes.find(({ evictionPolicy }) => evictionPolicy !== KEEPS_ALL)?.evictionPolicy ?? KEEPS_ALL,
    appends: nodes.every(({ appends }) => appends),
  };
}

/** Of `INFO`; a Redis without a limit is measured by the memory of its machine, and cannot evict. */
function readInfo(memory: string, persistence: string): Omit<RedisFacts, 'roundTripMs'> {
  const ofMemory = (name: string): string => field(memory, name);
  const limit = Number(ofMemory('maxmemory')) || Number(ofMemory('total_system_memory'));
  return {
    memoryShare: limit === 0 ? 0 : Number(ofMemory('used_memory')) / limit,
    evictionPolicy: ofMemory('maxmemory_policy') || KEEPS_ALL,
    appends: field(persistence, 'aof_enabled') === '1' && field(persistence, 'aof_last_write_status') !== 'err',
  };
}

function field(info: string, name: string): string {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
}
