/** Where a fleet with given settings is reached, and whether it can be there. */
import { once } from 'node:events';
import { createServer, isIPv6 } from 'node:net';
import type { Settings } from '#config/settings';
import { CliError } from './cli-error.js';

/** An address that listens on every interface is reached through the loopback one. */
export function baseUrl(host: string, port: number): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${port}`;
}

/** @throws CliError with one sentence when the API cannot listen where the settings say */
export async function addressesMustBeFree(settings: Settings): Promise<void> {
  await mustBeFree(settings.HOST, settings.PORT, 'PORT');
  await mustBeFree(settings.OPS_HOST, settings.OPS_PORT, 'OPS_PORT');
}

async function mustBeFree(host: string, port: number, setting: 'PORT' | 'OPS_PORT'): Promise<void> {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new CliError(whyNotFree(error as NodeJS.ErrnoException, { host, port, setting }), { cause: error });
  }
  server.close();
  await once(server, 'close');
}

function whyNotFree(
  error: NodeJS.ErrnoException,
  { host, port, setting }: { readonly host: string; readonly port: number; readonly setting: 'PORT' | 'OPS_PORT' },
): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `Port ${port} is taken: choose another with "${setting}=${port + 1} npm start".`;
    case 'EACCES':
      return `Port ${port} is not open to ordinary users: choose one from 1024 upwards with "${setting}=3000 npm start".`;
    default:
      return `Cannot listen on ${setting.replace('PORT', 'HOST')} ${host}, port ${port} (${error.code ?? error.message}).`;
  }
}
