import type { Fleet } from './fleet.js';
import { withRedis } from './redis-server.js';

/** The keys of every envelope and retry job of a fleet that Redis holds, whatever their state. */
export function jobKeys({ settings }: Fleet): Promise<string[]> {
  const pattern = `{${settings['REDIS_PREFIX'] ?? ''}:*}:*:i${'?'.repeat(25)}*`;
  return withRedis(settings['REDIS_URL'] ?? '', async (redis) => {
    const keys = await redis.keys(pattern);
    return keys.filter((key) => !key.includes(':outcomes:') && !key.endsWith(':lock'));
  });
}
