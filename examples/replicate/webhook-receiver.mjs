// A receiver of webhooks with the npm package `replicate`, which verifies the signature of each.
// Needs a fleet (npm start) and `npm install replicate`. Run: node examples/replicate/webhook-receiver.mjs
// MILLRACE_URL and MILLRACE_API_KEY name fleet and key; it listens on PORT (3197 unless set) of this machine.
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import Replicate, { validateWebhook } from 'replicate';

const { MILLRACE_URL = 'http://127.0.0.1:3000', MILLRACE_API_KEY = 'none', PORT = '3197' } = process.env;
const replicate = new Replicate({ baseUrl: `${MILLRACE_URL}/v1`, auth: MILLRACE_API_KEY });
const { key: secret } = await replicate.webhooks.default.secret.get();

const server = createServer(async (request, response) => {
  // The exact bytes that came: parsed and written again they are others. Of a sender that breaks off there are none.
  const body = await text(request).catch(() => '');
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = request.headers;
  const isOurs = await validateWebhook({ id, timestamp, signature, body, secret }).catch(() => false);
  // An old message may be somebody's who has overheard it.
  const isFresh = Math.abs(Date.now() / 1_000 - Number(timestamp)) <= 300;
  response.writeHead(isOurs && isFresh ? 204 : 400).end();
  if (isOurs && isFresh) console.log(id, body);
});
server.listen(Number(PORT), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));
