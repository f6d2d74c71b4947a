// A receiver of webhooks with our own client, which verifies the signature of each.
// Needs a fleet (npm start) and the client (npm run build). Run: node examples/millrace/webhook-receiver.mjs
// MILLRACE_URL and MILLRACE_API_KEY name fleet and key; it listens on PORT (3197 unless set) of this machine.
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { MillraceClient, verifyWebhook } from 'millrace/client';

const { MILLRACE_URL: url = 'http://127.0.0.1:3000', MILLRACE_API_KEY: key = 'none', PORT = '3197' } = process.env;
const secret = await new MillraceClient({ url, key }).webhookSecret();

const server = createServer(async (request, response) => {
  try {
    // The exact bytes that came: parsed and written again they are others.
    const { id, payload } = await verifyWebhook(await text(request), request.headers, secret);
    response.writeHead(204).end();
    console.log(id, JSON.stringify(payload));
  } catch (error) {
    response.writeHead(400).end();
    console.error(error.message);
  }
});
server.listen(Number(PORT), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`));
