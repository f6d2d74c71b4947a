/** A server as somebody reaches it who is far away: what is said to it arrives late, what it says is heard at once. */
import { Relay } from './relay.js';

export class FarAway {
  private constructor(private readonly relay: Relay) {}

  /** @param port of the server, on this machine, @param lateMs how late */
  static async from(port: number, lateMs: number): Promise<FarAway> {
    const relay = new Relay('127.0.0.1', port, (caller, server) => {
      caller.on('data', (bytes) => setTimeout(() => server.write(bytes), lateMs));
      server.on('data', (bytes) => caller.write(bytes));
    });
    await relay.start();
    return new FarAway(relay);
  }

  get port(): number {
    return this.relay.port;
  }

  async remove(): Promise<void> {
    await this.relay.stop();
  }
}
