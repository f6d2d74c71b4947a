import type { Callback } from '#domain/callback';
import type { FieldProblem } from '#domain/field-problem';
import type { Input, VersionId } from '#domain/model-version';
import type { Trace } from '#domain/trace';
import { splitInputs, unpackInput } from './input-text.js';

/** Version of the envelope's format. */
export const ENVELOPE_VERSION = 1;

/** What the API puts into the queue and the worker takes out: predictions of one version. */
export interface Envelope {
  /** Version of this format; a worker hands back what it cannot read. */
  readonly v: typeof ENVELOPE_VERSION;
  readonly model: string;
  readonly versionId: VersionId;
  readonly versionLabel: string;
  /**
   * The channel of the API process that enqueued it, which hears first when it has ended. Scripts in Redis find it in the text
   * as the first of its name, so it stands before all that a client wrote.
   */
  readonly origin: string;
  /** Somebody at that process waits for its end. */
  readonly awaited: boolean;
  /** Absent: normal. */
  readonly priority?: 'low';
  /** Empty where the rows are those of a batch. */
  readonly rows: readonly EnvelopeRow[];
  readonly batch?: BatchPart;
  /** Of the submit of a batch; other rows have their own. Not a part of `batch`: a repeat has another one. */
  readonly trace?: Trace;
}

/** Rows of a batch: what they have in common is said once. */
export interface BatchPart {
  readonly id: string;
  readonly client: string;
  readonly createdAtMs: number;
  /** What has not run by then is aborted. */
  readonly expiresAtMs: number;
  /** Number of its first row in the batch. */
  readonly firstIndex: number;
  /** Somebody wants to hear that its first row runs; set in the first envelope alone. */
  readonly tellsStart?: boolean;
  /** Names of the version's inputs, in the order in which rows have them. */
  readonly fields: readonly string[];
  readonly rowCount: number;
  /** All of them in one text; see `input-text`. */
  readonly inputs: string;
  /** The client's own names, where it gave any. */
  readonly customIds?: readonly (string | null)[];
  /** What is wrong with rows that are not valid, by their place in `inputs`. */
  readonly invalid?: Readonly<Record<number, readonly FieldProblem[]>>;
}

export function rowCount({ rows, batch }: Envelope): number {
  return batch?.rowCount ?? rows.length;
}

/** @returns the row as it was accepted; a row of a batch that was not valid has an empty input */
export function rowAt(envelope: Envelope, row: number): EnvelopeRow | undefined {
  return rowsAt(envelope, [row])[0];
}

/** The same for several: the text of a batch is cut once. */
export function rowsAt({ rows, batch, trace }: Envelope, wanted: readonly number[]): (EnvelopeRow | undefined)[] {
  if (batch === undefined) return wanted.map((row) => rows[row]);
  const { client, createdAtMs, expiresAtMs, fields } = batch;
  const texts = splitInputs(batch.inputs);
  return wanted.map((row) => {
    const text = texts[row];
    if (text === undefined) return undefined;
    const input = text === null ? {} : unpackInput(text, fields);
    const content = { client, input, createdAtMs, metadata: null, deadlineAtMs: expiresAtMs };
    return trace === undefined ? content : { ...content, trace };
  });
}

export interface EnvelopeRow {
  readonly client: string;
  readonly input: Input;
  readonly createdAtMs: number;
  readonly metadata: Readonly<Record<string, string>> | null;
  /** Milliseconds since the epoch; absent where it has none, as below. */
  readonly deadlineAtMs?: number;
  readonly callback?: Callback;
  /** Where its caller gave one, or somebody is to be told. */
  readonly trace?: Trace;
  /** See `Submission`. */
  readonly ownId?: string;
}

/** A retry job: one row of an envelope that runs again, alone. */
export interface RetryEnvelope extends Envelope {
  /** The batch that waits for its end. */
  readonly partOf?: Pick<BatchPart, 'id' | 'expiresAtMs'>;
  readonly retryOf: {
    readonly envelopeId: string;
    readonly row: number;
    /** Why it left its envelope, for the operator who finds it on the board. */
    readonly reason: string;
    /** How often it was tried there; absent in a job of an older release: once. */
    readonly attempts?: number;
  };
}

/** @returns the batch that the rows of a job belong to, if any */
export function batchOf(envelope: Envelope | RetryEnvelope): Pick<BatchPart, 'id' | 'expiresAtMs'> | undefined {
  return envelope.batch ?? ('partOf' in envelope ? envelope.partOf : undefined);
}
