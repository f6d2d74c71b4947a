/**
 * The messages between a worker and its executor, the child process that owns the ONNX sessions.
 *
 * A line of JSON each, over plain pipes (`#inference/message-pipe`, docs/adr/0006). Each direction is one discriminated union, so that a message somebody
 * forgets to handle is a type error. The child is not trusted: the parent checks what it gets with `isFromExecutor`.
 */
import type { Failure } from '#domain/failure';
import type { Output, VersionFolder, VersionId } from '#domain/model-version';
import type { PackedInput } from './input-text.js';

export type ToExecutor =
  | {
      readonly kind: 'load';
      /** Absolute folder of the model repository. */
      readonly modelsDir: string;
      /** What the worker serves; whatever else is in the folder by now, or comes into it, is not read. */
      readonly versions: readonly VersionFolder[];
      /** Threads of one `run()`. */
      readonly threads: number;
      /** Golden examples to pass before `ready`: all at the first load of a worker, one when a child is replaced. */
      readonly golden: 'all' | 'one';
    }
  | {
      readonly kind: 'run';
      readonly batch: number;
      readonly versionId: VersionId;
      readonly inputs: readonly PackedInput[];
    };

export type RowResult = { readonly output: Output } | { readonly failure: Failure };

/** The same as the worker has it: an output is passed on as the JSON that the executor wrote. */
export type RowAnswer = { readonly outputJson: string } | { readonly failure: Failure };

/** Milliseconds of the three stages of one micro-batch. */
export interface Stages {
  readonly preprocessMs: number;
  readonly runMs: number;
  readonly postprocessMs: number;
}

/** What loading a version showed. */
export interface VersionLoad {
  readonly versionId: VersionId;
  /** To verify, load, warm up and check it. */
  readonly loadMs: number;
  /** Milliseconds of one prediction in a micro-batch of 32, measured when it was warm. */
  readonly rowCostMs: number;
}

export type FromExecutor =
  /** Every version is loaded, warm, and has passed its golden examples. */
  | { readonly kind: 'ready'; readonly loads: readonly VersionLoad[] }
  /** A version cannot be served: one line that names the file and the rule. The child does nothing any more. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** The micro-batch begins; if the child dies now, its rows are the suspects. */
  | { readonly kind: 'running'; readonly batch: number }
  | { readonly kind: 'ran'; readonly batch: number; readonly results: readonly RowResult[]; readonly stages: Stages }
  /** The run itself failed, for all rows at once; `mayPass` where that says nothing about them: memory was short. */
  | { readonly kind: 'broke'; readonly batch: number; readonly message: string; readonly mayPass: boolean };

/** True for a well-formed message of the child; the parent ends a child that sends anything else. */
export function isFromExecutor(message: unknown): message is FromExecutor {
  if (!isObject(message)) return false;
  const { kind, batch, results, stages, reason, loads, message: text, mayPass } = message;
  switch (kind) {
    case 'ready':
      return Array.isArray(loads) && loads.every(isLoad);
    case 'refused':
      return typeof reason === 'string';
    case 'running':
      return Number.isInteger(batch);
    case 'broke':
      return Number.isInteger(batch) && typeof text === 'string' && typeof mayPass === 'boolean';
    case 'ran':
      return Number.isInteger(batch) && Array.isArray(results) && results.every(isRowResult) && isStages(stages);
    default:
      return false;
  }
}

function isLoad(load: unknown): boolean {
  if (!isObject(load)) return false;
  const { versionId, loadMs, rowCostMs } = load;
  return typeof versionId === 'string' && Number.isFinite(loadMs) && Number.isFinite(rowCostMs);
}

function isRowResult(result: unknown): boolean {
  if (!isObject(result)) return false;
  const { output, failure } = result;
  if (output !== undefined) return isObject(output);
  return isObject(failure) && typeof failure['code'] === 'string' && typeof failure['message'] === 'string';
}

function isStages(stages: unknown): boolean {
  if (!isObject(stages)) return false;
  return [stages['preprocessMs'], stages['runMs'], stages['postprocessMs']].every(Number.isFinite);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
