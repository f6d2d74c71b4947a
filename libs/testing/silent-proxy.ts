/** A way to Redis on which it falls silent at a word: the connections stay, and nobody is answered until it speaks again. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { until } from './patience.js';

interface Held {
  readonly to: Socket;
  readonly bytes: Buffer;
}

export class SilentProxy {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((caller) => this.#join(caller));
  #word: string | null = null;
  #isSilent = false;
  #held: Held[] = [];

  /** @param target a `redis://` address */
  constructor(private readonly target: string) {}

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From the next command on that has the word, which is not carried out. */
  fallSilentAt(word: string): void {
    this.#word = word;
  }

  fallSilent(): void {
    this.#isSilent = true;
  }

  /** Resolves when it was asked so often, since it fell silent, with what has the word. */
  async wasAsked(word: string, times: number): Promise<void> {
    const asked = (): boolean => this.#held.filter(({ bytes }) => bytes.includes(word)).length >= times;
    await until(() => this.#isSilent && asked(), { deadlineMs: 60_000, what: `${word} to be asked ${times} times` });
  }

  /** What was held back arrives, and all goes through. */
  speak(): void {
    this.#word = null;
    this.#isSilent = false;
    for (const { to, bytes } of this.#held.splice(0)) to.write(bytes);
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #join(caller: Socket): void {
    const { hostname, port } = new URL(this.target);
    const server = connect(Number(port), hostname);
    for (const [one, other] of [
      [caller, server],
      [server, caller],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => undefined); // `close` follows.
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
    caller.on('data', (bytes: Buffer) => {
      if (this.#word !== null && bytes.includes(this.#word)) this.#isSilent = true;
      this.#pass(server, bytes);
    });
    server.on('data', (bytes: Buffer) => this.#pass(caller, bytes));
  }

  #pass(to: Socket, bytes: Buffer): void {
    if (this.#isSilent) this.#held.push({ to, bytes });
    else to.write(bytes);
  }
}
