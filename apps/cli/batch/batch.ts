/**
 * `millrace batch`: a file of rows in, a file of answers out.
 *
 * Send, wait, fetch. It may be stopped at any moment, and the same command goes on from there: rows are sent under one
 * Idempotency-Key, so that those which have arrived count, and results are fetched behind the last one that was written.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import path from 'node:path';
import { type Batch, type MillraceClient, MillraceError, MillraceUnreachableError } from '#client/millrace-client';
import { CliError } from '../cli-error.js';
import { messageAtTerminal } from '../complain.js';
import { clientOf, type Target } from '../target.js';
import { Checkpoint } from './checkpoint.js';
import { isBroken, type Moved, patiently, staysWrong, type Waiting } from './patience.js';
import { inSeconds, inThousands, Progress } from './progress.js';
import { mustBeForResults, openRowFile, resultTypeOf, type RowFile, unreadable } from './row-file.js';

export interface BatchOptions {
  readonly file: string;
  readonly model: string;
  readonly out: string;
  readonly reject: boolean;
  /** `24h` unless given. */
  readonly window?: string;
}

const POLL_MS = 500;
const INTERRUPTED = 130;

export async function batch(target: Target, options: BatchOptions): Promise<void> {
  const file = await openRowFile(options.file);
  const out = path.resolve(options.out);
  await mustBeForResults(options.out, file);
  const checkpoint = await Checkpoint.open(out, fingerprintOf(target, options, file)).catch((error: unknown) => {
    throw inWords(error, options);
  });
  const progress = new Progress();
  process.once('SIGINT', () => {
    progress.end();
    console.error('Stopped. The same command continues from here.');
    process.exit(INTERRUPTED);
  });
  if (checkpoint.isResumed) console.error('Continuing the batch that was interrupted.');
  const began = Date.now();
  try {
    const client = clientOf(target);
    const id = checkpoint.batchId ?? (await send(client, options, file, checkpoint, progress));
    const ended = await waitForEnd(client, id, checkpoint, progress);
    await fetchResults(client, ended, options.out, checkpoint, progress);
    progress.end();
    report(ended, options.out, Date.now() - began);
  } catch (error) {
    progress.end();
    // Then the next command begins anew; after anything else it goes on.
    if (staysWrong(error)) await checkpoint.forget();
    throw inWords(error, options);
  }
}

function fingerprintOf(
  { url }: Target,
  { model, reject, window, out }: BatchOptions,
  { fingerprint }: RowFile,
): string {
  const parts = [url, model, reject, window ?? '', resultTypeOf(out), fingerprint];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

/** @returns the batch's id, once all rows are in the queue */
async function send(
  client: MillraceClient,
  options: BatchOptions,
  file: RowFile,
  checkpoint: Checkpoint,
  progress: Progress,
): Promise<string> {
  const sent = await patiently(
    (moved) =>
      client
        .createBatch(
          {
            model: options.model,
            type: file.type,
            gzip: file.gzip,
            body: readWithProgress(file, progress, moved),
            on_invalid: options.reject ? 'reject' : 'report',
            ...(options.window === undefined ? {} : { completion_window: options.window }),
          },
          { idempotencyKey: checkpoint.key },
        )
        .catch((error: unknown) => {
          throw readFailureIn(error) ?? error;
        }),
    showWaiting(progress),
  );
  await checkpoint.noteBatch(sent.id);
  return sent.id;
}

/** Says that we wait, instead of showing a frozen bar. */
function showWaiting(progress: Progress): Waiting {
  return (error, afterMs) => {
    const why = error instanceof MillraceError ? error.message : 'The fleet does not answer.';
    progress.show('waiting', 0, `${why} Again in ${inSeconds(afterMs / 1_000)}.`);
  };
}

async function* readWithProgress(
  { called, name, sizeBytes }: RowFile,
  progress: Progress,
  moved: Moved,
): AsyncGenerator<Uint8Array> {
  const began = Date.now();
  let sent = 0;
  try {
    for await (const chunk of createReadStream(name) as AsyncIterable<Buffer>) {
      yield chunk;
      sent += chunk.length;
      moved(sent);
      const megabytesPerSecond = sent / 1_000 / Math.max(1, Date.now() - began);
      progress.show('sending', sent / sizeBytes, `${megabytesPerSecond.toFixed(1)} MB/s`);
    }
  } catch (error) {
    throw unreadable(called, error);
  }
}

/** A body that cannot be read breaks its request, and looks like a fleet that is away: it is in there as the cause. */
function readFailureIn(error: unknown): CliError | null {
  if (error instanceof CliError) return error;
  return error instanceof Error && error.cause !== undefined ? readFailureIn(error.cause) : null;
}

async function waitForEnd(
  client: MillraceClient,
  id: string,
  checkpoint: Checkpoint,
  progress: Progress,
): Promise<Batch> {
  const speed = new Speed();
  for (;;) {
    const found = await patiently(() => client.getBatch(id)).catch(async (error: unknown) => {
      if (error instanceof MillraceError && error.status === 404) await checkpoint.forget();
      throw error;
    });
    if (found.status === 'completed') return found;
    const { completed, failed, not_run: notRun, total } = found.request_counts;
    // Those that are left are let go of; what has an answer is worth having.
    if (found.status !== 'in_progress' && found.status !== 'validating' && completed + failed + notRun >= total) {
      return found;
    }
    const rowsPerSecond = speed.after(completed + failed + notRun);
    const left = found.estimated_time_left;
    const detail = `${inThousands(rowsPerSecond)} rows/s${left === null ? '' : `, ${inSeconds(left)} left`}`;
    progress.show('running', found.progress, detail);
    await pause(POLL_MS);
  }
}

async function fetchResults(
  client: MillraceClient,
  { id, request_counts: { total } }: Batch,
  out: string,
  checkpoint: Checkpoint,
  progress: Progress,
): Promise<void> {
  const type = resultTypeOf(out);
  await patiently(async (moved) => {
    const written = await checkpoint.rowsWritten(type);
    if (total > 0 && written >= total) return;
    const stream = await client.batchFile(id, type, written === 0 ? null : written - 1);
    // The header, which comes with the first row, is none.
    let lines = type === 'text/csv' && written === 0 ? -1 : written;
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) {
        for (const byte of chunk) if (byte === 0x0a) lines += 1;
        const rows = Math.max(0, lines);
        moved(rows);
        progress.show('fetching', rows / Math.max(1, total), `${inThousands(rows)} rows`);
        yield chunk;
      }
    }
    await pipeline(Readable.from(counted()), createWriteStream(checkpoint.part, { flags: 'a' }));
    const whole = await checkpoint.rowsWritten(type);
    if (whole < total) throw new MillraceUnreachableError('the fleet: the results ended too early');
  }, showWaiting(progress));
  await checkpoint.finish();
}

function report({ status, error, request_counts: counts }: Batch, out: string, tookMs: number): void {
  const { total, completed, failed, not_run: notRun } = counts;
  const rowsPerSecond = total / Math.max(0.001, tookMs / 1_000);
  console.error(
    `${inThousands(total)} rows in ${inSeconds(tookMs / 1_000)} (${inThousands(rowsPerSecond)} rows/s): ` +
      `${inThousands(completed)} answered, ${inThousands(failed)} failed, ${inThousands(notRun)} not run. -> ${out}`,
  );
  if (status !== 'completed') throw new CliError(`The batch is ${status}${error === null ? '' : `: ${error}`}`);
}

/** Rows a second since it began to look. */
class Speed {
  #first: { readonly rows: number; readonly atMs: number } | null = null;

  after(rows: number): number {
    const now = Date.now();
    this.#first ??= { rows, atMs: now };
    const seconds = (now - this.#first.atMs) / 1_000;
    return seconds === 0 ? 0 : (rows - this.#first.rows) / seconds;
  }
}

function inWords(error: unknown, options: BatchOptions): unknown {
  if (error instanceof MillraceError) return refused(error);
  if (isBroken(error)) return new CliError('The fleet broke off its answer. The same command continues from here.');
  return unwritten(error, options) ?? error;
}

/** Results and notes stand in files beside the one that was named; its name is the one that the user knows. */
function unwritten(error: unknown, { out }: BatchOptions): CliError | null {
  if (!(error instanceof Error)) return null;
  const { code, path: file = '' }: NodeJS.ErrnoException = error;
  // A disk that is full is met while writing, and then there is no name.
  if (code === undefined || !(file.startsWith(path.resolve(out)) || code === 'ENOSPC')) return null;
  return new CliError(`${out} cannot be written (${code}).`, { cause: error });
}

function refused(error: MillraceError): CliError {
  const errors = (error.problem.errors ?? [])
    // A single one is the sentence already.
    .filter(({ detail }) => !error.message.includes(detail))
    .slice(0, 10)
    .map(({ pointer, detail }) => `  ${pointer || '/'} ${detail}`);
  return new CliError([`The fleet refused the batch: ${messageAtTerminal(error)}`, ...errors].join('\n'));
}
