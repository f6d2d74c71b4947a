// A batch with the npm package `replicate`: it has no call for it, and its `request` reaches every route.
// Needs a fleet (npm start) and `npm install replicate`. Run: node examples/replicate/batch.mjs
// MILLRACE_URL is the fleet (http://127.0.0.1:3000 unless set), MILLRACE_API_KEY the key where keys are on.
import { setTimeout as pause } from 'node:timers/promises';
import Replicate from 'replicate';

const { MILLRACE_URL = 'http://127.0.0.1:3000', MILLRACE_API_KEY = 'none' } = process.env;
const replicate = new Replicate({ baseUrl: `${MILLRACE_URL}/v1`, auth: MILLRACE_API_KEY });

const rows = [
  { custom_id: 'f-1', sepal_length: 5.1, sepal_width: 3.4, petal_length: 1.5, petal_width: 0.2 },
  { custom_id: 'f-2', sepal_length: 6.4, sepal_width: 2.8, petal_length: 5.6, petal_width: 2.2 },
  { custom_id: 'f-3', sepal_length: 5.9, sepal_width: 34, petal_length: 4.2, petal_width: 1.5 },
];

const created = await replicate.request('/batches', { method: 'POST', params: { model: 'iris' }, data: rows });
let batch = await created.json();
while (['validating', 'in_progress'].includes(batch.status)) {
  await pause(500);
  batch = await (await replicate.request(`/batches/${batch.id}`, { method: 'GET' })).json();
}
const results = await replicate.request(`/batches/${batch.id}/results`, { method: 'GET' });
process.stdout.write(await results.text());
