/**
 * The few words of RESP that a launcher needs: is a Redis there, which process is it, is it done loading.
 *
 * A client library would be the obvious choice, but this file runs where none may be imported (only `libs/queue` owns
 * one), asks four questions in its life, and must see `LOADING`, which clients hide behind retries.
 */
import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface RedisInfo {
  /** Process id on the Redis host. */
  readonly processId: number;
  readonly version: string;
  /** `noeviction` or one of the policies that may throw queued work away; empty where the server hides it. */
  readonly maxmemoryPolicy: string;
}

export type Probe =
  | { readonly state: 'up'; readonly info: RedisInfo }
  /** It answers, and reads its append-only file: wait, do not restart. */
  | { readonly state: 'loading' }
  /** Nothing there, or nothing that speaks Redis; `reason` is a phrase for people. */
  | { readonly state: 'down'; readonly reason: string };

const OLDEST = [6, 2] as const;

/** BullMQ needs commands that came with 6.2. */
export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/** Where a URL points to, without the credentials that it may carry. */
export function withoutCredentials(url: URL): string {
  return `${url.protocol}//${url.hostname}:${url.port === '' ? '6379' : url.port}`;
}

/** Asks once; never throws and never waits longer than `timeoutMs`. */
export async function probeRedis(url: URL, timeoutMs: number): Promise<Probe> {
  const socket = openSocket(url);
  const deadline = setTimeout(() => socket.destroy(new Error('no answer in time')), timeoutMs);
  try {
    await once(socket, url.protocol === 'rediss:' ? 'secureConnect' : 'connect');
    return await interview(socket, url);
  } catch (error) {
    return { state: 'down', reason: reasonOf(error) };
  } finally {
    clearTimeout(deadline);
    socket.destroy();
  }
}

function openSocket(url: URL): Socket {
  const port = url.port === '' ? 6379 : Number(url.port);
  // A URL writes IPv6 addresses in brackets, a socket without.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const socket =
    url.protocol === 'rediss:' ? connectTls({ host, port, servername: host }) : connectPlain({ host, port });
  // The promises above report errors; this listener keeps a late one from ending the process.
  socket.on('error', () => socket.destroy());
  return socket;
}

async function interview(socket: Socket, url: URL): Promise<Probe> {
  const ask = conversation(socket);
  if (url.password !== '') {
    const user = url.username === '' ? [] : [decodeURIComponent(url.username)];
    const answer = await ask('AUTH', ...user, decodeURIComponent(url.password));
    if (answer.startsWith('-')) return { state: 'down', reason: 'it refuses the name or password' };
  }
  const pong = await ask('PING');
  if (pong.startsWith('-LOADING')) return { state: 'loading' };
  if (pong.startsWith('-NOAUTH')) return { state: 'down', reason: 'it asks for a password' };
  if (pong !== '+PONG') return { state: 'down', reason: 'it does not answer PING with PONG' };
  return { state: 'up', info: parseInfo(await ask('INFO')) };
}

/** One question at a time; the answer is one RESP reply, a bulk string without its length. */
function conversation(socket: Socket): (...command: string[]) => Promise<string> {
  let received = Buffer.alloc(0);
  return async (...command) => {
    const parts = command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
    socket.write(`*${command.length}\r\n${parts.join('')}`);
    for (;;) {
      const reply = takeReply(received);
      if (reply !== null) {
        received = received.subarray(reply.length);
        return reply.text;
      }
      received = Buffer.concat([received, await nextChunk(socket)]);
    }
  };
}

async function nextChunk(socket: Socket): Promise<Buffer> {
  const ended = new AbortController();
  const onClose = () => ended.abort();
  socket.once('close', onClose);
  try {
    const [chunk] = (await once(socket, 'data', { signal: ended.signal })) as [Buffer];
    return chunk;
  } catch (error) {
    throw ended.signal.aborted ? new Error('it closed the connection', { cause: error }) : error;
  } finally {
    socket.off('close', onClose);
  }
}

/** @returns null while the reply is not complete */
function takeReply(received: Buffer): { text: string; length: number } | null {
  const end = received.indexOf('\r\n');
  if (end < 0) return null;
  const line = received.toString('utf8', 0, end);
  if (!line.startsWith('$')) return { text: line, length: end + 2 };
  const size = Number(line.slice(1));
  const start = end + 2;
  if (received.length < start + size + 2) return null;
  return { text: received.toString('utf8', start, start + size), length: start + size + 2 };
}

/** Managed services hide some fields; what is absent is empty. */
export function parseInfo(text: string): RedisInfo {
  const fields = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return {
    processId: Number(fields.get('process_id') ?? 0),
    version: fields.get('redis_version') ?? '',
    maxmemoryPolicy: fields.get('maxmemory_policy') ?? '',
  };
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ECONNREFUSED':
      return 'the connection is refused';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name is not known';
    default:
      return code ?? message;
  }
}
