/**
 * How the API hears that something has ended: one pub/sub message a job, on the channel of the process that enqueued
 * it and on the job's own. Small outcomes ride along, so that the process that waits needs no further read.
 *
 * A message may be lost; whoever waits also reads every two seconds.
 */
import type { Mark } from '#domain/mark';
import type { Outcome } from '#domain/outcome';
import type { Redis } from 'ioredis';
import type { Catalogue } from './catalogue.js';
import { Script } from './script.js';

/** Outcomes above this size are read from where they stand. */
const MOST_BYTES_INSIDE = 16_384;

export interface End {
  readonly jobId: string;
  /** Milliseconds since the epoch, as the job's record has it. */
  readonly endedAtMs: number;
  /** Outcomes as JSON, in blocks; null where the job failed. */
  readonly blocks: readonly string[] | null;
}

/** Told by a worker, after the job has ended. */
export async function announceEnd(
  redis: Redis,
  catalogue: Catalogue,
  model: string,
  origin: string,
  end: End,
): Promise<void> {
  const { jobId, endedAtMs, blocks } = end;
  const size = blocks?.reduce((sum, block) => sum + block.length, 0) ?? Infinity;
  const inside = blocks !== null && size <= MOST_BYTES_INSIDE ? `,"outcomes":[${joinBlocks(blocks)}]` : '';
  const message = `{"job":"${jobId}","at":${endedAtMs}${inside}}`;
  await TELL.run(redis, [origin, message, catalogue.jobChannel(model, jobId)]);
}

/**
 * ARGV   1 channel of the process that enqueued the job, 2 message, 3 the job's own channel
 * One command for both, since each costs a write to the socket.
 */
const TELL = new Script(
  `
redis.call('PUBLISH', ARGV[1], ARGV[2])
return redis.call('PUBLISH', ARGV[3], '')
`,
  0,
);

/** Blocks are JSON arrays; without their brackets they join into one. */
function joinBlocks(blocks: readonly string[]): string {
  return blocks.map((block) => block.slice(1, -1)).join(',');
}

/** What a waiting caller is told. */
export type Notice =
  | { readonly kind: 'ended'; readonly endedAtMs: number; readonly outcome: Outcome | null }
  | { readonly kind: 'marked'; readonly mark: Mark }
  /** Something happened; read to see what. */
  | { readonly kind: 'look' };

type Listener = (notice: Notice) => void;

interface EndMessage {
  readonly job: string;
  readonly at: number;
  readonly outcomes?: readonly Outcome[];
  /** Present on a mark's message. */
  readonly mark?: Mark['kind'];
  readonly row?: number;
}

export class Completions {
  /** Rows whose callers wait, by job. */
  readonly #rows = new Map<string, Map<number, Set<Listener>>>();
  /** Callers that wait for a job of any process, by its channel. */
  readonly #channels = new Map<string, Set<Listener>>();

  constructor(
    private readonly subscriber: Redis,
    private readonly catalogue: Catalogue,
    readonly origin: string,
    private readonly onError: (error: Error) => void,
  ) {}

  async start(): Promise<void> {
    this.subscriber.on('message', (channel, message: string) => {
      if (channel === this.origin) this.#heard(JSON.parse(message) as EndMessage);
      else for (const listener of this.#channels.get(channel) ?? []) listener({ kind: 'look' });
    });
    await this.subscriber.subscribe(this.origin);
  }

  /** Listens for a row of an envelope that this process enqueues. @returns how to stop */
  onRow(envelopeId: string, row: number, listener: Listener): () => void {
    const rows = this.#rows.get(envelopeId) ?? new Map<number, Set<Listener>>();
    this.#rows.set(envelopeId, rows);
    const listeners = rows.get(row) ?? new Set();
    rows.set(row, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) rows.delete(row);
      if (rows.size === 0) this.#rows.delete(envelopeId);
    };
  }

  /**
   * Listens on a job's own channel, whoever enqueued it. The caller reads once after this has resolved: what ended
   * before is not told again.
   */
  async onJob(model: string, jobId: string, listener: Listener): Promise<() => void> {
    const channel = this.catalogue.jobChannel(model, jobId);
    const listeners = this.#channels.get(channel) ?? new Set();
    this.#channels.set(channel, listeners.add(listener));
    if (listeners.size === 1) await this.subscriber.subscribe(channel);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0) return;
      this.#channels.delete(channel);
      this.subscriber.unsubscribe(channel).catch(this.onError);
    };
  }

  #heard(message: EndMessage): void {
    const rows = this.#rows.get(message.job);
    if (rows === undefined) return;
    if (message.mark !== undefined) {
      const mark = { kind: message.mark, atMs: message.at };
      for (const listener of rows.get(message.row ?? -1) ?? []) listener({ kind: 'marked', mark });
      return;
    }
    for (const [row, listeners] of rows) {
      const outcome = message.outcomes?.[row] ?? null;
      for (const listener of listeners) listener({ kind: 'ended', endedAtMs: message.at, outcome });
    }
  }
}
