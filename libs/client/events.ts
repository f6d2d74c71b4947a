/**
 * Server-sent events, as a browser's `EventSource` reads them, and with a key: read until `done`, and where the line breaks
 * read on behind the last event, at whichever process of the API answers.
 */
import { BrokenOff, linesOf } from './lines.js';
import type { Batch, Prediction } from './resources.js';
import { pause } from './retries.js';
import type { Transport } from './transport.js';

interface Heard<Event extends string, Data> {
  /** Goes on behind this event when it is given as `after`. */
  readonly id: string;
  readonly event: Event;
  readonly data: Data;
}

type Done = Heard<'done', { readonly reason?: 'error' | 'canceled' }>;

export type PredictionEvent =
  | Heard<'start' | 'completed', Prediction>
  | Heard<'output', Prediction['output']>
  /** Why it has failed, in a sentence. */
  | Heard<'error', string>
  | Done;

export type BatchEvent = Heard<'progress' | 'completed', Batch> | Done;

export interface EventOptions {
  /** Id of the last event that has been heard. */
  readonly after?: string;
  readonly signal?: AbortSignal;
}

/** A comment comes every 15 seconds: a line on which nothing comes for longer than this is dead. */
const SILENCE_MS = 45_000;
/** Unless the stream says another. */
const RETRY_MS = 2_000;
const NOTHING_MORE = 204;

/** @param path of the stream */
export async function* eventsOf<E extends PredictionEvent | BatchEvent>(
  transport: Transport,
  path: string,
  { after, signal }: EventOptions,
): AsyncGenerator<E> {
  let last = after;
  let retryMs = RETRY_MS;
  // Read to its end all the same: the connection is then free for the next call.
  let isDone = false;
  while (!isDone) {
    const hangUp = new AbortController();
    const response = await transport.open(path, {
      headers: { accept: 'text/event-stream', ...(last === undefined ? {} : { 'last-event-id': last }) },
      signal: signal === undefined ? hangUp.signal : AbortSignal.any([signal, hangUp.signal]),
    });
    if (response.status === NOTHING_MORE || response.body === null) return;
    try {
      const lines = unlessSilent(linesOf(response.body), hangUp);
      for await (const message of messagesOf(lines, (ms) => (retryMs = ms))) {
        last = message.id;
        yield message as E;
        isDone ||= message.event === 'done';
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof BrokenOff)) throw error;
    }
    if (!isDone) await pause(retryMs, signal);
  }
}

/** Hangs up when nothing has come for too long; time that the reader takes is its own. */
async function* unlessSilent(lines: AsyncIterable<string>, hangUp: AbortController): AsyncGenerator<string> {
  const watch = (): ReturnType<typeof setTimeout> => setTimeout(() => hangUp.abort(), SILENCE_MS);
  let timer = watch();
  try {
    for await (const line of lines) {
      clearTimeout(timer);
      yield line;
      timer = watch();
    }
  } finally {
    clearTimeout(timer);
  }
}

/** Fields up to an empty line are one message; comments, and messages without an event, are none. */
async function* messagesOf(
  lines: AsyncIterable<string>,
  onRetry: (ms: number) => void,
): AsyncGenerator<Heard<string, unknown>> {
  let fields = new Map<string, string>();
  for await (const line of lines) {
    if (line === '') {
      const [id = '', event, data = ''] = [fields.get('id'), fields.get('event'), fields.get('data')];
      // Only the sentence of an error is no JSON.
      if (event !== undefined) yield { id, event, data: event === 'error' ? data : (JSON.parse(data) as unknown) };
      fields = new Map();
      continue;
    }
    const [, name = '', value = ''] = /^([^:]+)(?:: ?(.*))?$/.exec(line) ?? [];
    if (name === 'retry' && /^\d+$/.test(value)) onRetry(Number(value));
    const before = fields.get(name);
    fields.set(name, name === 'data' && before !== undefined ? `${before}\n${value}` : value);
  }
}
