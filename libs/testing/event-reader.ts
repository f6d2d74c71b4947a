/** A reader of server-sent events, as a browser has one. */
import { until } from './patience.js';

export interface HeardEvent {
  readonly id: string;
  readonly event: string;
  readonly data: string;
}

export class EventReader {
  readonly events: HeardEvent[] = [];
  /** Everything that came, comments too. */
  text = '';
  /** The server has ended the stream, or the reader has left. */
  isOver = false;
  readonly #hangUp = new AbortController();

  private constructor(
    readonly status: number,
    readonly headers: Headers,
  ) {}

  /** Resolves when the stream is open. */
  static async open(url: string, headers: Readonly<Record<string, string>> = {}): Promise<EventReader> {
    const hangUp = new AbortController();
    const response = await fetch(url, { headers: { accept: 'text/event-stream', ...headers }, signal: hangUp.signal });
    const reader = new EventReader(response.status, response.headers);
    reader.#hangUp.signal.addEventListener('abort', () => hangUp.abort());
    void reader.#read(response.body);
    return reader;
  }

  /** The first event of that name, as soon as it is here. */
  heard(event: string, deadlineMs = 90_000): Promise<HeardEvent> {
    return until(() => this.events.find((one) => one.event === event), { deadlineMs, what: `the event ${event}` });
  }

  /** @returns the names of all events, when the stream has ended */
  async all(deadlineMs = 90_000): Promise<string[]> {
    await until(() => this.isOver, { deadlineMs, what: 'the stream to end' });
    return this.events.map(({ event }) => event);
  }

  leave(): void {
    this.#hangUp.abort();
  }

  async #read(body: ReadableStream<Uint8Array> | null): Promise<void> {
    let rest = '';
    try {
      for await (const chunk of body ?? []) {
        const text = Buffer.from(chunk).toString('utf8');
        this.text += text;
        const blocks = (rest + text).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) this.#take(block);
      }
    } catch {
      // It was left, or cut off.
    }
    this.isOver = true;
  }

  #take(block: string): void {
    const fields = new Map<string, string>();
    for (const line of block.split('\n')) {
      const [, name = '', value = ''] = /^([a-z]+): (.*)$/.exec(line) ?? [];
      if (name !== '') fields.set(name, fields.has(name) ? `${fields.get(name) ?? ''}\n${value}` : value);
    }
    const event = fields.get('event');
    if (event !== undefined) this.events.push({ id: fields.get('id') ?? '', event, data: fields.get('data') ?? '' });
  }
}
