/** A way to Redis on which it falls silent at a word: the connections stay, and nobody is answered until it speaks again. */
import type { Socket } from 'node:net';
import { until } from './patience.js';
import { Relay } from './relay.js';

interface Held {
  readonly to: Socket;
  readonly bytes: Buffer;
}

export class SilentProxy {
  readonly #relay: Relay;
  #word: string | null = null;
  #isSilent = false;
  #held: Held[] = [];

  /** @param target a `redis://` address */
  constructor(target: string) {
    this.#relay = Relay.to(target, (caller, server) => this.#listen(caller, server));
  }

  async start(): Promise<this> {
    await this.#relay.start();
    return this;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#relay.port}`;
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

  async stop(): Promise<void> {
    await this.#relay.stop();
  }

  #listen(caller: Socket, server: Socket): void {
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
