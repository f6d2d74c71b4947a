/** A server as somebody reaches it who is far away: what is said to it arrives late, what it says is heard at once. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class FarAway {
  readonly #sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  /** @param port of the server, on this machine, @param lateMs how late */
  static async from(port: number, lateMs: number): Promise<FarAway> {
    const server = createServer();
    const far = new FarAway(server);
    server.on('connection', (client) => far.#relay(client, connect(port, '127.0.0.1'), lateMs));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return far;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async remove(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #relay(client: Socket, server: Socket, lateMs: number): void {
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => undefined); // `close` follows.
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
    client.on('data', (bytes) => setTimeout(() => server.write(bytes), lateMs));
    server.on('data', (bytes) => client.write(bytes));
  }
}
