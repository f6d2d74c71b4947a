/** `npm run contract:snapshot`: keeps what the API promises now in the file that is named. */
import { writeFileSync } from 'node:fs';
import { promised } from './api-contract.js';
import { Fleet } from './fleet.js';
import type { OpenApiDocument } from './openapi-document.js';

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('Which file? npm run contract:snapshot names it.');
// An API listens and describes itself also where there is no Redis.
const fleet = new Fleet({ REDIS_URL: 'redis://127.0.0.1:1', REDIS_PREFIX: 'contract' });
try {
  const api = await fleet.launch('api').listening();
  const { text } = await api.call('GET', '/openapi.json');
  writeFileSync(file, `${JSON.stringify(promised(JSON.parse(text) as OpenApiDocument), null, 2)}\n`);
} finally {
  await fleet.end();
}
