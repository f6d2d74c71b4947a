/**
 * One keep-alive connection that sends prepared bytes and reads one answer at a time.
 *
 * The load runs on the cores that it measures, so what it costs is taken from the system under test. README.md has the
 * figures that made us write this instead of using autocannon here; it understands what our API sends and no more: a
 * status line, headers with a Content-Length, a body.
 */
import { connect, type Socket } from 'node:net';

export interface ConnectionEvents {
  /** @param answer the whole answer, valid only during the call */
  onAnswer(connection: HttpConnection, status: number, answer: Buffer): void;
  /** It closed before its answer was complete. */
  onBroken(connection: HttpConnection): void;
}

const RECEIVE_BYTES = 65_536;
const HEADER_END = Buffer.from('\r\n\r\n');

export class HttpConnection {
  /** When the request in flight was sent, by `performance.now()`. */
  sentAtMs = 0;
  readonly #socket: Socket;
  /** What has come of an answer that is not complete; null between answers, which is nearly always. */
  #partial: Buffer | null = null;
  #closing = false;

  private constructor(
    port: number,
    private readonly events: ConnectionEvents,
  ) {
    this.#socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      // One buffer for all that arrives: nothing is allocated for an answer.
      onread: { buffer: Buffer.allocUnsafe(RECEIVE_BYTES), callback: (length, bytes) => this.#receive(length, bytes) },
    });
    this.#socket.on('error', () => undefined); // `close` follows and says it.
    this.#socket.on('close', () => {
      if (!this.#closing) events.onBroken(this);
    });
  }

  static open(port: number, events: ConnectionEvents): Promise<HttpConnection> {
    return new Promise((resolve, reject) => {
      const connection = new HttpConnection(port, events);
      connection.#socket.once('connect', () => resolve(connection));
      connection.#socket.once('error', reject);
    });
  }

  send(request: Buffer): void {
    this.sentAtMs = performance.now();
    this.#socket.write(request);
  }

  close(): void {
    this.#closing = true;
    this.#socket.destroy();
  }

  #receive(length: number, bytes: Uint8Array): boolean {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, length);
    const received = this.#partial === null ? chunk : Buffer.concat([this.#partial, chunk]);
    if (isComplete(received)) {
      this.#partial = null;
      this.events.onAnswer(this, statusOf(received), received);
    } else {
      this.#partial = this.#partial === null ? Buffer.from(received) : received;
    }
    return true;
  }
}

function isComplete(received: Buffer): boolean {
  const end = received.indexOf(HEADER_END);
  if (end < 0) return false;
  const length = /\r\ncontent-length: *(\d+)/i.exec(received.toString('latin1', 0, end))?.[1];
  if (length === undefined) throw new Error('an answer without Content-Length');
  return received.length >= end + HEADER_END.length + Number(length);
}

/** Of `HTTP/1.1 201 Created`. */
function statusOf(answer: Buffer): number {
  const digit = (index: number): number => (answer[index] ?? 0) - 48;
  return digit(9) * 100 + digit(10) * 10 + digit(11);
}
