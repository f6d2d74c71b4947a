/**
 * `millrace listen`: receives webhooks on this machine, verifies them as any receiver should, and prints them.
 *
 * Only a fleet on this machine reaches it, and only one that was told that it may: WEBHOOK_ALLOW_PRIVATE=true.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { verify } from '#webhooks/signature';
import { CliError } from './cli-error.js';
import { onStopSignals } from './stop-signals.js';
import { clientOf, type Target } from './target.js';

export interface ListenOptions {
  readonly port: number;
  readonly json: boolean;
}

export async function listen(target: Target, { port, json }: ListenOptions): Promise<void> {
  const secret = await clientOf(target).webhookSecret();
  const server = createServer((request, response) => {
    void receive(request, secret, json).then((status) => response.writeHead(status).end());
  });
  server.listen(port, '127.0.0.1');
  await Promise.race([once(server, 'listening'), refusedPort(server)]);
  const { port: bound } = server.address() as AddressInfo;
  console.error(`Listening. Ask for webhooks at http://127.0.0.1:${bound}/ (Ctrl-C ends)`);
  await new Promise<void>((resolve) => onStopSignals(resolve, resolve));
  server.closeAllConnections();
  server.close();
}

async function refusedPort(server: ReturnType<typeof createServer>): Promise<never> {
  const [error] = (await once(server, 'error')) as [NodeJS.ErrnoException];
  throw new CliError(`The port cannot be listened on (${error.code ?? 'unknown'}).`, { cause: error });
}

/** @returns the status to answer with */
async function receive(request: IncomingMessage, secret: string, asJson: boolean): Promise<number> {
  const body = await buffer(request);
  const id = String(request.headers['webhook-id'] ?? 'no webhook-id');
  const verdict = verify(request.headers, body, [secret]);
  if (!verdict.ok) {
    console.error(`${id}: refused. ${verdict.reason}`);
    return 401;
  }
  if (asJson) console.log(JSON.stringify({ id, data: JSON.parse(body.toString()) as unknown }));
  else console.log(`${id}: verified\n${JSON.stringify(JSON.parse(body.toString()), null, 2)}`);
  return 204;
}
