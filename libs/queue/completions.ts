/**
 * How the API hears that something has ended: one pub/sub message a job, on the channel of the process that enqueued
 * it and on the job's own. Small outcomes ride along, so that the process that waits needs no further read, as the text in
 * which their worker wrote them: of a success, the output is passed on to the caller as it is.
 *
 * A message may be lost; whoever waits also reads every two seconds.
 */
import type { Mark } from '#domain/mark';
import type { NewSuccess } from '#domain/outcome';
import type { Redis } from 'ioredis';
import type { Catalogue } from './catalogue.js';
import { OutcomeBlock } from './outcomes.js';
import { Script } from './script.js';

/** Outcomes above this size are read from where they stand, as are those of more than a block. */
const MOST_BYTES_INSIDE = 16_384;
/** Behind the rest of a message; the block ends with it. */
const BLOCK = ',"block":';

/** The end of a job, as its worker tells it. */
export interface End {
  readonly jobId: string;
  readonly jobKey: string;
  /** Channel of the process that enqueued it; empty where nobody there waits. */
  readonly origin: string;
  /** The job's own channel. */
  readonly channel: string;
  /** That of the batch that it is a part of; empty where it is none. */
  readonly batchChannel: string;
  /** The lock's token where outcomes stand under it, and those outcomes as JSON, in blocks; null where it failed. */
  readonly settled: { readonly token: string; readonly blocks: readonly string[] } | null;
}

/**
 * KEYS   1 the job
 * ARGV   1 what the job's value holds if the outcomes are the truth, or empty; 2 channel of the process that enqueued
 *        it, or empty; 3 job id; 4 the outcomes as a part of the message, or empty; 5 the job's own channel; 6 that of
 *        its batch, or empty
 * Answer 1 told, 0 the job has not ended, or not with these outcomes
 * Atomic, and conditional, so that it may be sent right behind the command that ends the job, without waiting for it.
 */
const TELL = new Script(
  `
local job = redis.call('HMGET', KEYS[1], 'finishedOn', 'returnvalue')
if not job[1] then return 0 end
if ARGV[1] ~= '' and not string.find(job[2] or '', ARGV[1], 1, true) then return 0 end
if ARGV[2] ~= '' then redis.call('PUBLISH', ARGV[2], '{"job":"' .. ARGV[3] .. '","at":' .. job[1] .. ARGV[4] .. '}') end
redis.call('PUBLISH', ARGV[5], '')
if ARGV[6] ~= '' then redis.call('PUBLISH', ARGV[6], '') end
return 1
`,
  1,
);

/** @returns whether the job has ended so and its end was told */
export async function announceEnd(redis: Redis, end: End): Promise<boolean> {
  const { jobKey, origin, jobId, channel, batchChannel, settled } = end;
  const isHeard = origin !== '';
  const [block, ...others] = settled?.blocks ?? [];
  const isSmall = block !== undefined && others.length === 0 && block.length <= MOST_BYTES_INSIDE;
  const inside = isHeard && isSmall ? BLOCK + block : '';
  const proof = settled === null ? '' : `"token":"${settled.token}"`;
  return (await TELL.run(redis, [jobKey, proof, origin, jobId, inside, channel, batchChannel])) === 1;
}

/** What a waiting caller is told. */
export type Notice =
  /** `success` is null for any other outcome, and where the message does not say. */
  | { readonly kind: 'ended'; readonly endedAtMs: number; readonly success: NewSuccess | null }
  | { readonly kind: 'marked'; readonly mark: Mark }
  /** Something happened; read to see what. */
  | { readonly kind: 'look' };

type Listener = (notice: Notice) => void;

interface Channel {
  readonly listeners: Set<Listener>;
  readonly subscribed: Promise<unknown>;
}

/** What a message says before its block. */
interface Message {
  readonly job: string;
  readonly at: number;
  /** Present on a mark's message. */
  readonly mark?: Mark['kind'];
  readonly row?: number;
}

export class Completions {
  /** Rows whose callers wait, by job. */
  readonly #rows = new Map<string, Map<number, Set<Listener>>>();
  /** Callers that wait for a job of any process, by its channel. */
  readonly #channels = new Map<string, Channel>();

  constructor(
    private readonly subscriber: Redis,
    private readonly catalogue: Catalogue,
    readonly origin: string,
    private readonly onError: (error: Error) => void,
  ) {}

  async start(): Promise<void> {
    this.subscriber.on('message', (channel, message: string) => {
      if (channel === this.origin) this.#heard(message);
      else for (const listener of this.#channels.get(channel)?.listeners ?? []) listener({ kind: 'look' });
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
   * Listens on a job's own channel, or on a batch's, whoever enqueued it: its start, a mark, its end. The listener is also
   * called once Redis has confirmed it, since what happened before is not told again. Nobody waits for that: a connection
   * that hangs must not hold up who reads every two seconds anyway.
   * @returns how to stop
   */
  onJob(model: string, jobId: string, listener: Listener): () => void {
    const channel = this.catalogue.jobChannel(model, jobId);
    const heard = this.#channels.get(channel) ?? {
      listeners: new Set<Listener>(),
      subscribed: this.subscriber.subscribe(channel),
    };
    this.#channels.set(channel, heard);
    heard.listeners.add(listener);
    heard.subscribed.then(
      () => heard.listeners.has(listener) && listener({ kind: 'look' }),
      (error: unknown) => this.#notHeard(channel, heard, error as Error),
    );
    return () => {
      heard.listeners.delete(listener);
      if (heard.listeners.size > 0 || this.#channels.get(channel) !== heard) return;
      this.#channels.delete(channel);
      this.subscriber.unsubscribe(channel).catch(this.onError);
    };
  }

  /** Current listeners fall back to polling; the next one subscribes again. */
  #notHeard(channel: string, heard: Channel, error: Error): void {
    if (this.#channels.get(channel) === heard) this.#channels.delete(channel);
    this.onError(error);
  }

  #heard(text: string): void {
    const end = text.indexOf(BLOCK);
    const message = JSON.parse(end < 0 ? text : `${text.slice(0, end)}}`) as Message;
    const rows = this.#rows.get(message.job);
    if (rows === undefined) return;
    if (message.mark !== undefined) {
      const mark = { kind: message.mark, atMs: message.at };
      for (const listener of rows.get(message.row ?? -1) ?? []) listener({ kind: 'marked', mark });
      return;
    }
    const block = end < 0 ? null : new OutcomeBlock(text.slice(end + BLOCK.length, -1));
    for (const [row, listeners] of rows) {
      const success = block?.success(row) ?? null;
      for (const listener of listeners) listener({ kind: 'ended', endedAtMs: message.at, success });
    }
  }
}
