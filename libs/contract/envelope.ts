import type { Callback } from '#domain/callback';
import type { Input, VersionId } from '#domain/model-version';

/** Version of the envelope's format. */
export const ENVELOPE_VERSION = 1;

/** What the API puts into the queue and the worker takes out: predictions of one version. */
export interface Envelope {
  /** Version of this format; a worker hands back what it cannot read. */
  readonly v: typeof ENVELOPE_VERSION;
  readonly model: string;
  readonly versionId: VersionId;
  readonly versionLabel: string;
  /** The channel of the API process that enqueued it, which hears first when it has ended. */
  readonly origin: string;
  /** Somebody at that process waits for its end. */
  readonly awaited: boolean;
  /** Absent: normal. */
  readonly priority?: 'low';
  readonly rows: readonly EnvelopeRow[];
}

export interface EnvelopeRow {
  readonly client: string;
  readonly input: Input;
  readonly createdAtMs: number;
  readonly metadata: Readonly<Record<string, string>> | null;
  /** Milliseconds since the epoch; absent where it has none, as below. */
  readonly deadlineAtMs?: number;
  readonly callback?: Callback;
}

/** A retry job: one row of an envelope that runs again, alone. */
export interface RetryEnvelope extends Envelope {
  readonly retryOf: {
    readonly envelopeId: string;
    readonly row: number;
    /** Why it left its envelope, for the operator who finds it on the board. */
    readonly reason: string;
  };
}
