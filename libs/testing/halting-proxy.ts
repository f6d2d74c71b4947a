/** A way to a server that lets so many bytes of each answer through, and no more until it is told to. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { signal } from './signal.js';

export class HaltingProxy {
  readonly #opened = signal();
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((caller) => this.#join(caller));

  /** @param bytes that a connection may answer with before it halts */
  constructor(
    private readonly target: string,
    private readonly bytes: number,
  ) {}

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on all goes through. */
  open(): void {
    this.#opened.send();
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #join(caller: Socket): void {
    const { hostname, port } = new URL(this.target);
    const server = connect(Number(port), hostname);
    for (const socket of [caller, server]) this.#sockets.add(socket);
    const ignore = (): void => undefined;
    pipeline(caller, server).catch(ignore);
    pipeline(server, this.#halting(), caller).catch(ignore);
  }

  #halting(): Transform {
    const opened = this.#opened.seen;
    let left = this.bytes;
    return new Transform({
      transform(chunk: Buffer, _, done) {
        left -= chunk.length;
        if (left >= 0) return done(null, chunk);
        void opened.then(() => done(null, chunk));
      },
    });
  }
}
