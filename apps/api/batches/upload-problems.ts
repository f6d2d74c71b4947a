/** What an upload that did not come to its end is answered, and what that means for whoever sends it again. */
import { invalidFields, problem, ProblemError, tooManyRequests } from '#contract/problem';
import type { BatchFailure } from '#domain/batch';
import { OtherRowsError } from '#queue/batch-digests';
import { BatchStoppedError, NoRoomError, SenderGoneError } from '#queue/batch-upload';
import { StalledError } from '#rows/read-body';
import { BodyError } from '#rows/row';
import { TooManyRowsError } from './row-source.js';

const OTHER_ROWS = 'idempotency_key_reused';
const STOPPED = 'batch_ended';
const ABORTED: BatchFailure = { code: 'upload_aborted', message: 'The upload ended before its last row.' };
/** What a request ends with whose sender has hung up. */
const HUNG_UP: ReadonlySet<unknown> = new Set(['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE']);
const STATUS: Readonly<Record<BodyError['code'], number>> = {
  invalid_body: 400,
  invalid_compression: 400,
  invalid_header: 422,
  body_too_large: 413,
};

export function toUploadProblem(error: unknown): unknown {
  if (error instanceof BodyError) return new ProblemError(problem(STATUS[error.code], error.code, error.message));
  if (error instanceof TooManyRowsError) return new ProblemError(problem(413, 'too_many_rows', error.message));
  if (error instanceof StalledError) return new ProblemError(problem(408, 'upload_stalled', error.message));
  if (error instanceof SenderGoneError) return new ProblemError(problem(408, ABORTED.code, error.message));
  if (error instanceof NoRoomError) return noRoom(error);
  if (error instanceof OtherRowsError) {
    const detail = `The Idempotency-Key was used with other rows: ${error.message}`;
    return new ProblemError(problem(422, OTHER_ROWS, detail, [{ pointer: '', code: OTHER_ROWS, detail }]));
  }
  if (error instanceof BatchStoppedError) return new ProblemError(problem(409, STOPPED, whyStopped(error)));
  return hasHungUp(error) ? new ProblemError(problem(408, ABORTED.code, ABORTED.message)) : error;
}

function hasHungUp(error: unknown): boolean {
  return error instanceof Error && 'code' in error && HUNG_UP.has(error.code);
}

export function emptyBatch(): ProblemError {
  return invalidFields([{ pointer: '', code: 'empty_batch', detail: 'has no rows' }]);
}

/** The batch that the rows belong to takes no more of them. */
export function isStopped(answer: unknown): boolean {
  return answer instanceof ProblemError && answer.problem.code === STOPPED;
}

/** The client has to change something before it comes again. */
export function isRefusal(answer: unknown): boolean {
  if (!(answer instanceof ProblemError)) return false;
  const { status, code } = answer.problem;
  return status < 500 && status !== 408 && status !== 429 && code !== OTHER_ROWS && code !== STOPPED;
}

/** Why the batch has failed, where nobody can send it again. */
export function failureOf(answer: unknown): BatchFailure {
  return answer instanceof ProblemError ? { code: answer.problem.code, message: answer.problem.detail } : ABORTED;
}

function noRoom({ room: { kind, retryAfterS }, message }: NoRoomError): ProblemError {
  return tooManyRequests(kind, message, retryAfterS);
}

function whyStopped({ stop: { mark, failure } }: BatchStoppedError): string {
  if (failure !== null) return `The batch has failed: ${failure.message}`;
  const what = mark.kind === 'canceled' ? 'was canceled' : 'reached the end of its completion_window';
  return `The batch ${what} while its rows were arriving.`;
}
