/** A service that answers what it was told to, one after the other, and keeps what it was asked. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ScriptedAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection breaks behind the body. */
  readonly breaksOff?: boolean;
}

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export class ScriptedServer {
  readonly seen: SeenRequest[] = [];
  /** Null is no answer at all. */
  answers: (ScriptedAnswer | null)[] = [];
  readonly #server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      this.seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      const answer = this.answers.length === 0 ? { status: 500, body: '' } : this.answers.shift();
      if (answer === null || answer === undefined) return;
      response.writeHead(answer.status, answer.headers);
      if (answer.breaksOff === true) response.write(answer.body, () => response.destroy());
      else response.end(answer.body);
    });
  });

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

export function jsonAnswer(status: number, body: unknown, headers?: Readonly<Record<string, string>>): ScriptedAnswer {
  return { status, body: JSON.stringify(body), ...(headers === undefined ? {} : { headers }) };
}
