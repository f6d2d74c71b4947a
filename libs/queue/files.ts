/**
 * Files of clients, in Redis: whichever API has taken one, every API finds it, and a restart loses none.
 *
 * A file is stored in pieces, each compressed by itself, while it arrives, and exists from the moment in which its record
 * is written. All of it has an expiry from its first piece on, so that an upload that was cut off leaves nothing.
 */
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { StoredFile } from '#domain/stored-file';
import { withinBudget } from './connection.js';
import type { ModelQueues } from './model-queues.js';
import { patiently } from './patiently.js';

/** Bytes of a piece before it is compressed: short enough that nobody else waits for Redis. */
const PIECE_BYTES = 262_144;
/** Files that a client may have. */
export const MOST_FILES = 100;

const compress = promisify(gzip);
const expand = promisify(gunzip);

/** The client has as many files as it may have. */
export class TooManyFilesError extends Error {
  constructor() {
    super(`There are ${MOST_FILES} files already.`);
    this.name = 'TooManyFilesError';
  }
}

/** A piece of it is no longer there. */
export class FileGoneError extends Error {
  constructor(id: string) {
    super(`The file ${id} is no longer kept.`);
    this.name = 'FileGoneError';
  }
}

export interface NewFile {
  readonly client: string;
  readonly name: string;
  /** From now. */
  readonly ttlSeconds: number;
}

export class Files {
  constructor(private readonly queues: ModelQueues) {}

  /** A file that arrives. @param longestTtlSeconds how long what has arrived is kept if it never becomes whole */
  open(longestTtlSeconds: number): ArrivingFile {
    return new ArrivingFile(this.queues, newId(), longestTtlSeconds);
  }

  /** @returns null for one that nobody knows, whose time is over, or that is another client's */
  async find(client: string, id: string): Promise<StoredFile | null> {
    const { redis, catalogue } = this.queues;
    const text = await withinBudget(redis, () => redis.get(catalogue.fileKey(id)));
    const file = text === null ? null : (JSON.parse(text) as StoredFile);
    return file?.client === client ? file : null;
  }

  /** A client's files, newest first. */
  async list(client: string): Promise<StoredFile[]> {
    const { redis, catalogue } = this.queues;
    const key = catalogue.clientFilesKey(client);
    return withinBudget(redis, async () => {
      const ids = await redis.zrangebyscore(key, '-inf', '+inf');
      const texts = await Promise.all(ids.map((id) => redis.get(catalogue.fileKey(id))));
      const gone = ids.filter((_, i) => texts[i] === null);
      if (gone.length > 0) await redis.zrem(key, ...gone);
      const found = texts.flatMap((text) => (text === null ? [] : [JSON.parse(text) as StoredFile]));
      return found.sort((a, b) => b.createdAtMs - a.createdAtMs);
    });
  }

  async remove({ id, client }: StoredFile): Promise<void> {
    const { redis, catalogue } = this.queues;
    await withinBudget(redis, async () => {
      await redis.unlink(catalogue.fileKey(id));
      await redis.unlink(catalogue.filePiecesKey(id));
      await redis.zrem(catalogue.clientFilesKey(client), id);
    });
  }

  /** @throws FileGoneError, QueueUnavailableError */
  async *read({ id, pieces }: StoredFile): AsyncGenerator<Buffer, void, undefined> {
    const { redis, catalogue } = this.queues;
    for (let n = 0; n < pieces; n += 1) {
      const piece = await patiently(this.queues, () => redis.hgetBuffer(catalogue.filePiecesKey(id), String(n)));
      if (piece === null) throw new FileGoneError(id);
      yield await expand(piece);
    }
  }
}

export class ArrivingFile {
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #pieces = 0;
  #size = 0;

  constructor(
    private readonly queues: ModelQueues,
    private readonly id: string,
    private readonly ttlSeconds: number,
  ) {}

  get sizeBytes(): number {
    return this.#size;
  }

  /** @throws QueueUnavailableError, QueueFullError */
  async write(bytes: Buffer): Promise<void> {
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
    this.#size += bytes.length;
    if (this.#gatheredBytes >= PIECE_BYTES) await this.#store();
  }

  /** All of it is here: from now on it exists. @throws TooManyFilesError, QueueUnavailableError, QueueFullError */
  async keep({ client, name, ttlSeconds }: NewFile): Promise<StoredFile> {
    const { redis, catalogue } = this.queues;
    const { id } = this;
    if (this.#gatheredBytes > 0) await this.#store();
    const createdAtMs = Date.now();
    const expiresAtMs = createdAtMs + ttlSeconds * 1_000;
    const file = { id, client, name, sizeBytes: this.#size, pieces: this.#pieces, createdAtMs, expiresAtMs };
    const list = catalogue.clientFilesKey(client);
    await patiently(this.queues, async () => {
      await redis.zremrangebyscore(list, '-inf', createdAtMs);
      // Before the count, so that of two that arrive at once both are counted.
      await redis.zadd(list, expiresAtMs, id);
      if ((await redis.zcard(list)) > MOST_FILES) {
        await redis.zrem(list, id);
        throw new TooManyFilesError();
      }
      await redis.pexpireat(catalogue.filePiecesKey(id), expiresAtMs);
      await redis.set(catalogue.fileKey(id), JSON.stringify(file), 'PXAT', expiresAtMs);
    });
    return file;
  }

  async discard(): Promise<void> {
    const { redis, catalogue } = this.queues;
    await withinBudget(redis, () => redis.unlink(catalogue.filePiecesKey(this.id)));
  }

  async #store(): Promise<void> {
    const { redis, catalogue } = this.queues;
    const key = catalogue.filePiecesKey(this.id);
    const piece = await compress(Buffer.concat(this.#gathered));
    this.#gathered = [];
    this.#gatheredBytes = 0;
    const n = String(this.#pieces);
    const write = async (): Promise<void> => {
      await redis.hset(key, n, piece);
      await redis.expire(key, this.ttlSeconds);
    };
    // Whoever comes while Redis is away hears of it at once; what has begun to arrive is not lost for one that is restarted.
    await (this.#pieces === 0 ? withinBudget(redis, write) : patiently(this.queues, write));
    this.#pieces += 1;
  }
}

function newId(): string {
  return `file-${randomBytes(16).toString('hex')}`;
}
