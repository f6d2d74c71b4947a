// A receiver of webhooks with the npm package `openai`, which verifies the signature and the time of each.
// Needs a fleet (npm start) and `npm install openai`. Run: node examples/openai/webhook-receiver.mjs
// MILLRACE_URL and MILLRACE_API_KEY name fleet and key; it listens on PORT (3197 unless set) of this machine.
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import OpenAI from 'openai';

const { MILLRACE_URL = 'http://127.0.0.1:3000', MILLRACE_API_KEY = 'none', PORT = '3197' } = process.env;
const openai = new OpenAI({ baseURL: `${MILLRACE_URL}/openai/v1`, apiKey: MILLRACE_API_KEY });
const { key: secret } = await openai.get(`${MILLRACE_URL}/v1/webhooks/default/secret`);

const server = createServer(async (request, response) => {
  // The exact bytes that came: parsed and written again they are others. Of a sender that breaks off there are none.
  const body = await text(request).catch(() => '');
  const isOurs = await openai.webhooks.verifySignature(body, request.headers, secret).then(
    () => true,
    () => false,
  );
  response.writeHead(isOurs ? 204 : 400).end();
  if (isOurs) console.log(request.headers['webhook-id'], body);
});
server.listen(Number(PORT), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));
