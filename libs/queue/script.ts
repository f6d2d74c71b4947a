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

/** Lua: `now`, by Redis's own clock, since its callers may be on different machines. Milliseconds since the epoch. */
export const LUA_NOW_MS = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/** A Redis that was restarted, took over from another one or flushed its scripts does not know it any more. */
export function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}
