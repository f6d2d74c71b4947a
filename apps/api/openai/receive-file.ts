/** A file out of a form (multipart/form-data), read while it comes: no more than a piece of it is in memory. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy';
import { invalidFields, problem, ProblemError, tooManyRequests } from '#contract/problem';
import type { FieldProblem } from '#domain/field-problem';
import type { StoredFile } from '#domain/stored-file';
import type { Backlog } from '#queue/backlog';
import { type ArrivingFile, type Files, MOST_FILES, TooManyFilesError } from '#queue/files';
import { readBody } from '#rows/read-body';
import { toUploadProblem } from '../batches/upload-problems.js';

export interface FormUpload {
  readonly body: Readable;
  readonly contentType: string | undefined;
}

export interface ReceiveFileParts {
  readonly files: Files;
  readonly backlog: Pick<Backlog, 'storage'>;
  readonly maxBytes: number;
  readonly ttlSeconds: number;
  readonly stallMs: number;
}

/** What else a form may have in it, bytes. */
const FORM_BYTES = 65_536;
const FORM_LIMITS = { files: 1, fields: 8, fieldNameSize: 100, fieldSize: 1_000, parts: 9, headerPairs: 20 };
const LONGEST_NAME = 255;
const FIELDS: ReadonlySet<string> = new Set(['purpose', 'expires_after[anchor]', 'expires_after[seconds]']);

/** What a form has besides the bytes of its file. */
interface Form {
  readonly fields: Map<string, string>;
  fileName: string | null;
}

export class ReceiveFile {
  constructor(private readonly parts: ReceiveFileParts) {}

  /** @throws ProblemError, QueueUnavailableError, QueueFullError, and what the stream throws when its sender goes away */
  async receive(client: string, upload: FormUpload): Promise<StoredFile> {
    const { backlog, files, ttlSeconds } = this.parts;
    const storage = backlog.storage();
    if (storage.kind !== 'room') {
      throw tooManyRequests(storage.kind, 'The service has no room for new files.', storage.retryAfterS);
    }
    const arriving = files.open(ttlSeconds);
    try {
      const form = await this.#read(upload, arriving);
      const wish = { client, name: form.fileName ?? '', ttlSeconds: this.#ttlOf(form) };
      requireWhole(form, arriving);
      return await arriving.keep(wish);
    } catch (error) {
      await arriving.discard().catch(() => undefined);
      throw toProblem(error);
    }
  }

  async #read({ body, contentType }: FormUpload, arriving: ArrivingFile): Promise<Form> {
    const { maxBytes, stallMs } = this.parts;
    const limit = maxBytes + FORM_BYTES;
    const chunks = readBody(body, 'identity', { maxBytes: limit, maxInflatedBytes: limit, stallMs });
    const form: Form = { fields: new Map(), fileName: null };
    const parser = openParser(contentType, maxBytes);
    const stop = new AbortController();
    let storing: Promise<void> = Promise.resolve();
    parser.on('field', (name, value) => form.fields.set(name, value));
    parser.on('file', (field, stream, fileName) => {
      form.fileName = fileName;
      storing = store(field, stream, arriving);
      // Nobody reads the form to its end for a file that cannot be stored.
      storing.catch((error: unknown) => stop.abort(error));
    });
    try {
      await pipeline(Readable.from(chunks, { objectMode: false }), parser, { signal: stop.signal });
    } catch (error) {
      throw stop.signal.aborted ? stop.signal.reason : error;
    }
    await storing;
    return form;
  }

  /** @throws ProblemError 422 */
  #ttlOf({ fields }: Form): number {
    const longest = this.parts.ttlSeconds;
    const seconds = fields.get('expires_after[seconds]');
    if (seconds === undefined) return longest;
    if ((fields.get('expires_after[anchor]') ?? 'created_at') !== 'created_at') {
      throw wrong('/expires_after/anchor', 'must be created_at');
    }
    if (/^[1-9]\d{0,8}$/.test(seconds) && Number(seconds) <= longest) return Number(seconds);
    throw wrong('/expires_after/seconds', `must be from 1 to ${longest}: files are not kept longer here`);
  }
}

/** @throws ProblemError 415, 400 */
function openParser(contentType: string | undefined, maxBytes: number): BusboyInstance {
  if (contentType === undefined || !/^multipart\/form-data\s*;/i.test(contentType)) {
    throw new ProblemError(problem(415, 'unsupported_media_type', 'Send the file as multipart/form-data.'));
  }
  try {
    return new Busboy({ headers: { 'content-type': contentType }, limits: { ...FORM_LIMITS, fileSize: maxBytes } });
  } catch {
    throw notAForm();
  }
}

async function store(field: string, stream: BusboyFileStream, arriving: ArrivingFile): Promise<void> {
  if (field !== 'file') throw wrong(`/${field}`, 'is not a field of this form');
  for await (const bytes of stream as AsyncIterable<Buffer>) await arriving.write(bytes);
  if (stream.truncated) {
    throw new ProblemError(problem(413, 'body_too_large', 'The file is larger than this service accepts.'));
  }
}

/** @throws ProblemError 422 */
function requireWhole({ fields, fileName }: Form, { sizeBytes }: ArrivingFile): void {
  const unknown = [...fields.keys()].find((name) => !FIELDS.has(name));
  if (unknown !== undefined) throw wrong(`/${unknown}`, 'is not a field of this form', 'unknown_field');
  if (fileName === null) throw wrong('/file', 'is required', 'missing_field');
  if (fileName.length > LONGEST_NAME) throw wrong('/file', `must have a name of at most ${LONGEST_NAME} characters`);
  if (fields.get('purpose') !== 'batch') throw wrong('/purpose', 'must be batch');
  if (sizeBytes === 0) throw wrong('/file', 'is empty');
}

function toProblem(error: unknown): unknown {
  if (error instanceof TooManyFilesError) {
    const detail = `A client may have at most ${MOST_FILES} files: delete those that are no longer needed.`;
    return new ProblemError(problem(422, 'too_many_files', detail));
  }
  // The form parser throws plain Errors without a code; anything else is not its own.
  const isParsers = error instanceof Error && error.constructor === Error && !('code' in error);
  return isParsers ? notAForm() : toUploadProblem(error);
}

function notAForm(): ProblemError {
  return new ProblemError(problem(400, 'invalid_body', 'The body is not a form, or ends too early.'));
}

function wrong(pointer: string, detail: string, code = 'invalid_field'): ProblemError {
  const errors: FieldProblem[] = [{ pointer, code, detail }];
  return invalidFields(errors);
}
