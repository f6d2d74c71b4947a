/** `/openapi.json` of an API that is started for it. */
import { Fleet } from './fleet.js';
import type { OpenApiDocument } from './openapi-document.js';

export async function servedDocument(): Promise<OpenApiDocument> {
  // An API listens and describes itself also where there is no Redis.
  const fleet = new Fleet({ REDIS_URL: 'redis://127.0.0.1:1', REDIS_PREFIX: 'contract' });
  try {
    const api = await fleet.launch('api').listening();
    return JSON.parse((await api.call('GET', '/openapi.json')).text) as OpenApiDocument;
  } finally {
    await fleet.end();
  }
}
