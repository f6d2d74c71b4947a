/**
 * `millrace listen`: receives webhooks on this machine, verifies them as any receiver should, and prints them.
 *
 * Only a fleet on this machine reaches it, and only one that was told that it may: WEBHOOK_ALLOW_PRIVATE=true.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verify } from '#webhooks/signature';
import { CliError } from './cli-error.js';
import { onStopSignals } from './stop-signals.js';
import { clientOf, type Target } from './target.js';

export interface ListenOptions {
  readonly port: number;
  readonly json: boolean;
}

/** Many times what a webhook is. */
const MOST_BYTES = 1_048_576;

export async function listen(target: Target, { port, json }: ListenOptions): Promise<void> {
  const secret = await clientOf(target).webhookSecret();
  const server = createServer((request, response) => {
    void receive(request, secret, json).then((status) => response.writeHead(status).end());
  });
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new CliError(whyNotListening(error as NodeJS.ErrnoException, port), { cause: error });
  }
  const { port: bound } = server.address() as AddressInfo;
  console.error(`Listening. Ask for webhooks at http://127.0.0.1:${bound}/ (Ctrl-C ends)`);
  await new Promise<void>((resolve) => onStopSignals(resolve, resolve));
  server.closeAllConnections();
  server.close();
}

function whyNotListening({ code, message }: NodeJS.ErrnoException, port: number): string {
  if (code === 'EADDRINUSE') return `Port ${port} is taken: choose another, or leave --port out for a free one.`;
  return `Port ${port} cannot be listened on (${code ?? message}).`;
}

/** @returns the status to answer with */
async function receive(request: IncomingMessage, secret: string, asJson: boolean): Promise<number> {
  const id = String(request.headers['webhook-id'] ?? 'no webhook-id');
  let body: Buffer | null;
  try {
    body = await bodyOf(request);
  } catch {
    console.error(`${id}: broken off by its sender.`);
    return 400; // Nobody hears it.
  }
  if (body === null) {
    console.error(`${id}: refused. It is larger than ${MOST_BYTES} bytes.`);
    return 413;
  }
  const verdict = verify(request.headers, body, [secret]);
  if (!verdict.ok) {
    console.error(`${id}: refused. ${verdict.reason}`);
    return 401;
  }
  if (asJson) console.log(JSON.stringify({ id, data: JSON.parse(body.toString()) as unknown }));
  else console.log(`${id}: verified\n${JSON.stringify(JSON.parse(body.toString()), null, 2)}`);
  return 204;
}

/** @returns null for one that is too large: it is read, and not kept */
async function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  let chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes <= MOST_BYTES) chunks.push(chunk);
    else chunks = [];
  }
  return sizeBytes <= MOST_BYTES ? Buffer.concat(chunks) : null;
}
