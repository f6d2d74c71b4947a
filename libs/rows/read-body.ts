/** The bytes of an upload as they come: inflated, counted on both sides, and never waited for without end. */
import type { Readable } from 'node:stream';
import { createGunzip, type Gunzip } from 'node:zlib';
import { Pace } from './pace.js';
import { Pull } from './pull.js';
import { BodyError } from './row.js';

export interface BodyLimits {
  /** Bytes as sent. */
  readonly maxBytes: number;
  /** Bytes after inflating. */
  readonly maxInflatedBytes: number;
  /** A sender that sends nothing for this long has stalled. */
  readonly stallMs: number;
}

/** The sender has stopped sending, or sends so little that it never ends. */
export class StalledError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StalledError';
  }
}

/** Small bodies may compress well; a large one that does so more than this is made to. */
const MOST_RATIO = 200;
const RATIO_FROM_BYTES = 10 * 1_048_576;

/**
 * However the reading ends, the rest of the source is left to others.
 * @param encoding of the request's `Content-Encoding`
 * @throws BodyError, StalledError, and what the stream throws when its sender goes away
 */
export async function* readBody(
  source: Readable,
  encoding: 'identity' | 'gzip',
  limits: BodyLimits,
): AsyncGenerator<Uint8Array, void, undefined> {
  const pull = new Pull(source);
  try {
    const counted = count(pull, limits);
    yield* encoding === 'gzip' ? inflate(counted, limits) : counted.chunks;
  } finally {
    pull.release();
  }
}

interface Counted {
  readonly chunks: AsyncGenerator<Uint8Array, void, undefined>;
  received: number;
}

function count(pull: Pull, { maxBytes, stallMs }: BodyLimits): Counted {
  const counted: Counted = { chunks: run(), received: 0 };
  const pace = new Pace(stallMs);
  async function* run(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      // Only the time that we wait for the sender counts, not the time that it waits for us.
      const beganMs = performance.now();
      const chunk = await withoutStall(pull.next(), stallMs);
      if (chunk === null) return;
      counted.received += chunk.length;
      if (counted.received > maxBytes) throw tooLarge(`The body is larger than ${maxBytes} bytes.`);
      const tooSlow = pace.received(chunk.length, performance.now() - beganMs);
      if (tooSlow !== null) throw new StalledError(tooSlow);
      yield chunk;
    }
  }
  return counted;
}

async function* inflate(counted: Counted, limits: BodyLimits): AsyncGenerator<Uint8Array, void, undefined> {
  const gunzip = createGunzip();
  const fed = feed(counted, gunzip);
  let inflated = 0;
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      inflated += chunk.length;
      if (inflated > limits.maxInflatedBytes) {
        throw tooLarge(`The body is larger than ${limits.maxInflatedBytes} bytes after inflating.`);
      }
      if (inflated > RATIO_FROM_BYTES && inflated > counted.received * MOST_RATIO) {
        throw tooLarge(`The body inflates to more than ${MOST_RATIO} times its size.`);
      }
      yield chunk;
    }
    await fed;
  } catch (error) {
    // What the sender did is more telling than what the decompressor made of it.
    const cause = await Promise.race([fed.then(() => null), Promise.resolve(null)]).catch((own: unknown) => own);
    throw cause ?? asBodyError(error);
  } finally {
    gunzip.destroy();
    fed.catch(() => undefined);
  }
}

async function feed({ chunks }: Counted, gunzip: Gunzip): Promise<void> {
  try {
    for await (const chunk of chunks) {
      if (!gunzip.write(chunk)) await drained(gunzip);
    }
    gunzip.end();
  } catch (error) {
    gunzip.destroy(error as Error);
    throw error;
  }
}

/** Nothing is drained any more where the reading has ended. */
async function drained(gunzip: Gunzip): Promise<void> {
  if (gunzip.destroyed) return;
  await new Promise<void>((resolve) => {
    const go = (): void => {
      gunzip.off('drain', go).off('close', go);
      resolve();
    };
    gunzip.on('drain', go).on('close', go);
  });
}

async function withoutStall<T>(next: Promise<T>, stallMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new StalledError(`Nothing was received for ${Math.round(stallMs / 1_000)} s.`)),
      stallMs,
    );
  });
  try {
    return await Promise.race([next, stalled]);
  } finally {
    clearTimeout(timer);
  }
}

function asBodyError(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && /^(Z_|ERR_TRAILING)/.test(code)) {
    return new BodyError('invalid_compression', 'The body is not valid gzip, or ends too early.');
  }
  return error;
}

function tooLarge(message: string): BodyError {
  return new BodyError('body_too_large', message);
}
