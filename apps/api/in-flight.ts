/**
 * Requests that were not answered yet, and how many of one connection's may run.
 *
 * Node hands over whatever came pipelined, hundreds in one piece, though their answers leave one after the other: all of
 * them would run at once, and be kept until the first one is read. So the others wait for their turn, and while some wait
 * nothing more is read: what runs has come with all of its body then, since the next request comes after it.
 */
import type { Socket } from 'node:net';
import type { ApiMetrics } from '#telemetry/metrics';

/** Of one connection at once. */
export const MOST_RUNNING = 16;

/** A caller that hangs up gets no answer; a listener for each request would cost more than all else that is counted of it. */
export class InFlight {
  readonly #connections = new WeakMap<Socket, Connection>();

  constructor(private readonly metrics: Pick<ApiMetrics, 'inFlight'>) {}

  /** @param run called at once, or when enough of what came before on its connection was answered */
  begin(socket: Socket, run: () => void): void {
    const connection = this.#connections.get(socket) ?? this.#open(socket);
    this.metrics.inFlight += 1;
    if (connection.running === MOST_RUNNING) return connection.hold(run);
    connection.running += 1;
    run();
  }

  /** Does nothing for a request whose caller has hung up. */
  end(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined || connection.running === 0) return;
    this.metrics.inFlight -= 1;
    connection.ended();
  }

  #open(socket: Socket): Connection {
    const connection = new Connection(socket);
    this.#connections.set(socket, connection);
    socket.once('close', () => {
      this.metrics.inFlight -= connection.forget();
    });
    return connection;
  }
}

class Connection {
  running = 0;
  /** Those whose turn has not come, oldest first. */
  #held: (() => void)[] = [];
  /** Node reads on after each message, and each time that somebody reads a body. */
  readonly #pause = (): void => void this.socket.pause();

  constructor(private readonly socket: Socket) {}

  hold(run: () => void): void {
    this.#held.push(run);
    if (this.#held.length > 1) return;
    this.socket.on('resume', this.#pause);
    this.socket.pause();
  }

  ended(): void {
    const next = this.#held.shift();
    if (next === undefined) {
      this.running -= 1;
      return;
    }
    if (this.#held.length === 0) {
      this.socket.off('resume', this.#pause);
      this.socket.resume();
    }
    next();
  }

  /** @returns how many will not be answered */
  forget(): number {
    const unanswered = this.running + this.#held.length;
    this.running = 0;
    this.#held = [];
    return unanswered;
  }
}
