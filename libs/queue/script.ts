import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/**
 * A Lua script that is sent once and then called by its hash; its contract stands where it is written. Not for
 * transactions: in those nothing is sent again. What BullMQ does in one is in `flow-backend.ts`.
 *
 * A Redis without memory refuses a script at its first write, unless that is one that frees memory; then it lets the rest
 * pass. So what a full Redis needs to get room again, or must not keep from anybody, begins by removing what it writes.
 */
export class Script {
  readonly #sha: string;

  constructor(
    private readonly lua: string,
    private readonly numberOfKeys: number,
  ) {
    this.#sha = createHash('sha1').update(lua).digest('hex');
  }

  async run(redis: Redis, keysAndArguments: readonly (string | number)[]): Promise<unknown> {
    try {
      return await redis.evalsha(this.#sha, this.numberOfKeys, ...keysAndArguments);
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return redis.eval(this.lua, this.numberOfKeys, ...keysAndArguments);
    }
  }
}

/** A Redis that was restarted, took over from another one or flushed its scripts does not know it any more. */
export function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}
