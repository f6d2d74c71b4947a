/** Where a fleet with given settings is reached, and whether it can be there. */
import { once } from 'node:events';
import { createServer, isIPv6 } from 'node:net';
import { CliError } from './cli-error.js';

/** An address that listens on every interface is reached through the loopback one. */
export function baseUrl(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${port}`;
}

/** @throws CliError with one sentence when nobody can listen there */
export async function mustBeFree(host: string, port: number): Promise<void> {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new CliError(sentenceOf(error as NodeJS.ErrnoException, host, port), { cause: error });
  }
  server.close();
  await once(server, 'close');
}

function sentenceOf(error: NodeJS.ErrnoException, host: string, port: number): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `Port ${port} is taken: choose another with "PORT=${port + 1} npm start".`;
    case 'EACCES':
      return `Port ${port} is not for ordinary users: choose one from 1024 upwards with "PORT=3000 npm start".`;
    default:
      return `Nobody can listen on HOST ${host}, port ${port} (${error.code ?? error.message}).`;
  }
}
