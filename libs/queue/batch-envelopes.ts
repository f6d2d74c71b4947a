/**
 * Cuts the rows of a batch into envelopes.
 *
 * Envelope n is always rows n*k to n*k+k-1, with k from the plan of the batch: whoever sends the same rows again makes
 * the same envelopes.
 */
import { createHash } from 'node:crypto';
import { type BatchPart, type Envelope, ENVELOPE_VERSION } from '#contract/envelope';
import type { FieldProblem } from '#domain/field-problem';
import { type InputText, joinInputs } from '#contract/input-text';
import type { BatchPlan } from '#domain/batch';

/** One row as it goes into an envelope. */
export interface BatchRow {
  /** Null for a row that is not valid. */
  readonly input: InputText | null;
  readonly customId: string | null;
  /** What is wrong with it. */
  readonly problems: readonly FieldProblem[] | null;
}

export interface NumberedEnvelope {
  readonly n: number;
  readonly envelope: Envelope & { readonly batch: BatchPart };
}

export class EnvelopeCutter {
  #filling: BatchRow[] = [];
  #full: (readonly BatchRow[])[] = [];
  /** Number of the first of `#full`. */
  #next = 0;

  constructor(private readonly plan: BatchPlan) {}

  /** Envelopes that can be taken. */
  get ready(): number {
    return this.#full.length;
  }

  push(rows: readonly BatchRow[]): void {
    for (const row of rows) {
      this.#filling.push(row);
      if (this.#filling.length === this.plan.rowsPerEnvelope) this.#fill();
    }
  }

  /** There are no more rows: the last envelope may be a smaller one. */
  end(): void {
    if (this.#filling.length > 0) this.#fill();
  }

  take(count: number): NumberedEnvelope[] {
    const first = this.#next;
    const taken = this.#full.splice(0, count);
    this.#next += taken.length;
    return taken.map((rows, i) => ({ n: first + i, envelope: envelopeOf(this.plan, first + i, rows) }));
  }

  #fill(): void {
    this.#full.push(this.#filling);
    this.#filling = [];
  }
}

/** What an envelope is made of, in a few characters. */
export function digestOf({ envelope }: NumberedEnvelope): string {
  return createHash('sha256').update(JSON.stringify(envelope.batch)).digest('base64');
}

function envelopeOf(plan: BatchPlan, n: number, rows: readonly BatchRow[]): NumberedEnvelope['envelope'] {
  const { id, client, model, versionId, versionLabel, createdAtMs, expiresAtMs, rowsPerEnvelope, fields, trace } = plan;
  const invalid = rows.flatMap(({ problems }, row) => (problems === null ? [] : [[row, problems]]));
  const isNamed = rows.some(({ customId }) => customId !== null);
  const batch: BatchPart = {
    id,
    client,
    createdAtMs,
    expiresAtMs,
    firstIndex: n * rowsPerEnvelope,
    fields,
    rowCount: rows.length,
    inputs: joinInputs(rows.map(({ input }) => input)),
    ...(n === 0 && plan.callback?.events.includes('start') === true ? { tellsStart: true } : {}),
    ...(isNamed ? { customIds: rows.map(({ customId }) => customId) } : {}),
    ...(invalid.length > 0 ? { invalid: Object.fromEntries(invalid) as BatchPart['invalid'] & object } : {}),
  };
  return {
    v: ENVELOPE_VERSION,
    model,
    versionId,
    versionLabel,
    origin: '',
    awaited: false,
    rows: [],
    batch,
    ...(trace === undefined ? {} : { trace }),
  };
}
