import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { isNewEnough, parseInfo, probeRedis, withoutCredentials } from './redis-probe.js';

const servers: Server[] = [];
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** A peer that answers each command as told; `null` never answers. */
async function peer(answer: (command: string) => readonly string[] | null, credentials = ''): Promise<URL> {
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('data', (chunk) => {
      for (const part of answer(chunk.toString().split('\r\n')[2] ?? '') ?? []) socket.write(part);
    });
  });
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return new URL(`redis://${credentials}127.0.0.1:${(server.address() as AddressInfo).port}`);
}

function bulk(text: string): string {
  return `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}

const INFO = bulk('# Server\r\nredis_version:7.0.15\r\nprocess_id:4711\r\n# Memory\r\nmaxmemory_policy:noeviction\r\n');

describe('probeRedis', () => {
  it('knows a Redis, its process and its policy, however the answer is cut', async () => {
    const url = await peer((command) =>
      command === 'INFO' ? [INFO.slice(0, 3), INFO.slice(3, 40), INFO.slice(40)] : ['+PO', 'NG\r\n'],
    );
    expect(await probeRedis(url, 10_000)).toEqual({
      state: 'up',
      info: { processId: 4711, version: '7.0.15', maxmemoryPolicy: 'noeviction' },
    });
  });

  it('tells one that reads its data from one that is ready', async () => {
    const url = await peer(() => ['-LOADING Redis is loading the dataset in memory\r\n']);
    expect(await probeRedis(url, 10_000)).toEqual({ state: 'loading' });
  });

  it('sends the credentials of the URL', async () => {
    const commands: string[] = [];
    const url = await peer((command) => {
      commands.push(command);
      return [command === 'INFO' ? INFO : command === 'AUTH' ? '+OK\r\n' : '+PONG\r\n'];
    }, 'user:p%40ss@');
    expect((await probeRedis(url, 10_000)).state).toBe('up');
    expect(commands).toEqual(['AUTH', 'PING', 'INFO']);
  });

  it.each([
    ['-NOAUTH Authentication required.\r\n', 'it asks for a password'],
    ['HTTP/1.1 400 Bad Request\r\n', 'it does not answer PING with PONG'],
  ])('says what is wrong with %j', async (answer, reason) => {
    expect(await probeRedis(await peer(() => [answer]), 10_000)).toEqual({ state: 'down', reason });
  });

  it('says that a password is refused', async () => {
    const url = await peer(() => ['-WRONGPASS invalid username-password pair\r\n'], ':x@');
    expect(await probeRedis(url, 10_000)).toEqual({ state: 'down', reason: 'it refuses the name or password' });
  });

  it('does not wait for a peer that is silent, closes, or is not there', async () => {
    expect(await probeRedis(await peer(() => null), 50)).toEqual({ state: 'down', reason: 'no answer in time' });
    const closing = await peer(() => {
      for (const socket of sockets) socket.end();
      return null;
    });
    expect(await probeRedis(closing, 10_000)).toEqual({ state: 'down', reason: 'it closed the connection' });
    expect(await probeRedis(new URL('redis://127.0.0.1:1'), 10_000)).toEqual({
      state: 'down',
      reason: 'the connection is refused',
    });
  });
});

it('never shows a password', () => {
  expect(withoutCredentials(new URL('redis://user:secret@db.example'))).toBe('redis://db.example:6379');
});

it('takes 6.2 and newer', () => {
  expect(['6.0.16', '6.2.0', '7.0.15', '10.1.0', '5.9.9'].map(isNewEnough)).toEqual([false, true, true, true, false]);
});

it('reads what a managed service hides as unknown', () => {
  expect(parseInfo('redis_version:7.1.0\r\n')).toEqual({ processId: 0, version: '7.1.0', maxmemoryPolicy: '' });
});
