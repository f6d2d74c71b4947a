/** A way to a server on which somebody stands in between: the tests that hold up, delay or cut what is said. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Hands on what each of the two says to the other; called for each connection. */
export type HandOn = (caller: Socket, server: Socket) => void;

export class Relay {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((caller) => this.#join(caller));

  constructor(
    private readonly host: string,
    private readonly targetPort: number,
    private readonly handOn: HandOn,
  ) {}

  /** @param address of the server, as `redis://` or `http://` */
  static to(address: string, handOn: HandOn): Relay {
    const { hostname, port } = new URL(address);
    return new Relay(hostname, Number(port), handOn);
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Every connection is cut, and nobody is let in any more. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Both ends live as long as the other. */
  #join(caller: Socket): void {
    const server = connect(this.targetPort, this.host);
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
    this.handOn(caller, server);
  }
}
