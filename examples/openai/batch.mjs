// A batch with the npm package `openai`: a file of requests goes, a file of answers and one of errors come back.
// Needs a fleet (npm start) and `npm install openai`. Run: node examples/openai/batch.mjs
// MILLRACE_URL is the fleet (http://127.0.0.1:3000 unless set), MILLRACE_API_KEY the key where keys are on.
import { setTimeout as pause } from 'node:timers/promises';
import OpenAI, { toFile } from 'openai';

const { MILLRACE_URL = 'http://127.0.0.1:3000', MILLRACE_API_KEY = 'none' } = process.env;
const openai = new OpenAI({ baseURL: `${MILLRACE_URL}/openai/v1`, apiKey: MILLRACE_API_KEY });

const inputs = {
  'f-1': { sepal_length: 5.1, sepal_width: 3.4, petal_length: 1.5, petal_width: 0.2 },
  'f-2': { sepal_length: 6.4, sepal_width: 2.8, petal_length: 5.6, petal_width: 2.2 },
  'f-3': { sepal_length: 5.9, sepal_width: 34, petal_length: 4.2, petal_width: 1.5 },
};
const requests = Object.entries(inputs).map(([name, input]) =>
  JSON.stringify({ custom_id: name, method: 'POST', url: '/v1/predictions', body: { model: 'iris', input } }),
);

const content = await toFile(Buffer.from(`${requests.join('\n')}\n`), 'requests.jsonl');
const file = await openai.files.create({ file: content, purpose: 'batch' });
const wish = { input_file_id: file.id, endpoint: '/v1/predictions', completion_window: '24h' };
let batch = await openai.batches.create(wish);
while (['validating', 'in_progress', 'finalizing'].includes(batch.status)) {
  await pause(500);
  batch = await openai.batches.retrieve(batch.id);
}
for (const id of [batch.output_file_id, batch.error_file_id]) {
  if (id) process.stdout.write(await (await openai.files.content(id)).text());
}
