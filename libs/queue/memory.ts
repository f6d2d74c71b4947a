import type { Redis } from 'ioredis';

const LOOK_EVERY_MS = 1_000;

/** Watches how full Redis is: looked at once a second, not at every command. */
export class MemoryWatch {
  #share = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly redis: Redis,
    private readonly onError: (error: Error) => void,
  ) {}

  /** Used memory as a share of the limit. */
  get share(): number {
    return this.#share;
  }

  start(): void {
    void this.#look().finally(() => {
      this.#timer = setTimeout(() => this.start(), LOOK_EVERY_MS);
    });
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.redis.status !== 'ready') return;
    try {
      this.#share = memoryShare(await this.redis.info('memory'));
    } catch (error) {
      this.onError(error as Error);
    }
  }
}

/** Of `INFO memory`; a Redis without a limit is measured by the memory of its machine. */
function memoryShare(info: string): number {
  const read = (field: string): number => Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  const limit = read('maxmemory') || read('total_system_memory');
  return limit === 0 ? 0 : read('used_memory') / limit;
}
