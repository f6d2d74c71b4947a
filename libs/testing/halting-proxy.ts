/** A way to a server that lets so many bytes of each answer through, and no more until it is told to. */
import { Transform } from 'node:stream';
import { Relay } from './relay.js';
import { signal } from './signal.js';

export class HaltingProxy {
  readonly #opened = signal();
  readonly #relay: Relay;

  /** @param bytes that a connection may answer with before it halts */
  constructor(
    target: string,
    private readonly bytes: number,
  ) {
    this.#relay = Relay.to(target, (caller, server) => {
      caller.pipe(server);
      server.pipe(this.#halting()).pipe(caller);
    });
  }

  async start(): Promise<this> {
    await this.#relay.start();
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#relay.port}`;
  }

  /** From now on all goes through. */
  open(): void {
    this.#opened.send();
  }

  async stop(): Promise<void> {
    await this.#relay.stop();
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
