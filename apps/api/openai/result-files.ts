/**
 * The results of a batch as two files: lines with answers, and lines without one. They are written when they are read, out
 * of the results that the batch has, and are gone with them.
 */
import { problem } from '#contract/problem';
import { categoryOf } from '#domain/failure';
import type { Standing } from '#domain/prediction';
import type { BatchResult } from '#queue/batch-results';
import { openAiError } from '../error-faces.js';

export type ResultKind = 'output' | 'errors';

export interface ResultFile {
  readonly batchId: string;
  readonly kind: ResultKind;
}

const ID = /^file-(b[0-9a-v]{25})-(output|errors)$/;

export function resultFileId(batchId: string, kind: ResultKind): string {
  return `file-${batchId}-${kind}`;
}

export function parseResultFileId(id: string): ResultFile | null {
  const [, batchId, kind] = ID.exec(id) ?? [];
  return batchId === undefined ? null : { batchId, kind: kind as ResultKind };
}

/** What every line of a batch has in common. */
export interface LineFacts {
  /** With its owner. */
  readonly model: string;
  readonly version: string;
  readonly versionLabel: string;
}

/** @returns the lines of this file among these results, each with its end */
export function linesOf(kind: ResultKind, results: readonly BatchResult[], facts: LineFacts): string {
  let text = '';
  for (const result of results) {
    const hasOutput = 'outputJson' in result.answer;
    if (hasOutput === (kind === 'output')) text += `${lineOf(result, facts)}\n`;
  }
  return text;
}

function lineOf(result: BatchResult, facts: LineFacts): string {
  const { id, customId, answer } = result;
  const head = `"id":"batch_req_${id}","custom_id":${JSON.stringify(customId)}`;
  if ('outputJson' in answer) {
    // The output is a text already: it is not read to be written again.
    const { model, version, versionLabel } = facts;
    const known = JSON.stringify({ id, model, version, version_label: versionLabel, status: 'succeeded' }).slice(0, -1);
    const body = `${known},"output":${answer.outputJson},"error":null}`;
    return `{${head},"response":{"status_code":200,"request_id":"${id}","body":${body}},"error":null}`;
  }
  return `{${head},${JSON.stringify(failed(result, answer.standing)).slice(1)}`;
}

/** A row that the model or its validator refused has an answer, of an error; one that never ran has none. */
function failed({ id, problems }: BatchResult, { failure, status }: Standing): object {
  if (failure === null) {
    const error =
      status === 'canceled'
        ? { code: 'batch_cancelled', message: 'The batch was canceled before this request ran.' }
        : { code: 'batch_expired', message: 'This request had not run when the time of its batch ran out.' };
    return { response: null, error };
  }
  const isWrong = failure.code === 'invalid_input';
  const status_code = isWrong ? 422 : categoryOf(failure) === 'fleet' ? 503 : 500;
  const errors = problems.map(({ pointer, ...rest }) => ({ pointer: `/input${pointer}`, ...rest }));
  const code = isWrong ? 'invalid_request' : failure.code;
  const described = problem(status_code, code, failure.message, isWrong ? errors : undefined);
  const body = { ...described, error: openAiError(described) };
  return { response: { status_code, request_id: id, body }, error: null };
}
