/** The results of a batch as lines, in the order of its rows. */
import type { OutputSpec } from '#domain/model-version';
import type { Standing } from '#domain/prediction';
import type { BatchResult } from '#queue/batch-results';
import { toCsv } from '#rows/csv-writer';

export type ResultFormat = 'ndjson' | 'csv';

export interface ResultWriter {
  readonly contentType: string;
  readonly header: string;
  lines(results: readonly BatchResult[]): string;
}

export function resultWriter(format: ResultFormat, outputs: OutputSpec): ResultWriter {
  return format === 'csv' ? new CsvResults(outputs) : NDJSON;
}

/** What a row that has no output says instead. */
interface RowFailure {
  readonly code: string;
  readonly message: string;
  readonly errors?: BatchResult['problems'];
}

const NDJSON: ResultWriter = {
  contentType: 'application/x-ndjson',
  header: '',
  lines(results) {
    let text = '';
    for (const result of results) text += toLine(result);
    return text;
  },
};

/** Put together by hand where nothing can need an escape: ids are base 32. */
function toLine({ index, id, customId, answer, problems }: BatchResult): string {
  const name = customId === null ? 'null' : JSON.stringify(customId);
  const content =
    'outputJson' in answer
      ? `"output":${answer.outputJson}`
      : `"error":${JSON.stringify(failureOf(answer.standing, problems))}`;
  return `{"index":${index},"id":"${id}","custom_id":${name},${content}}\n`;
}

class CsvResults implements ResultWriter {
  readonly contentType = 'text/csv; charset=utf-8; header=present';
  readonly header: string;
  readonly #columns: readonly Column[];

  constructor(outputs: OutputSpec) {
    this.#columns = columnsOf(outputs);
    const names = this.#columns.map(({ name }) => name);
    this.header = toCsv([['index', 'id', 'custom_id', ...names, 'error_code', 'error']]);
  }

  lines(results: readonly BatchResult[]): string {
    return toCsv(results.map((result) => this.#record(result)));
  }

  #record({ index, id, customId, answer, problems }: BatchResult): unknown[] {
    if ('outputJson' in answer) {
      const output = JSON.parse(answer.outputJson) as object;
      return [index, id, customId, ...this.#columns.map(({ read }) => read(output)), null, null];
    }
    const { code, message } = failureOf(answer.standing, problems);
    return [index, id, customId, ...this.#columns.map(() => null), code, message];
  }
}

interface Column {
  readonly name: string;
  readonly read: (output: object) => unknown;
}

function columnsOf(outputs: OutputSpec): Column[] {
  switch (outputs.task) {
    case 'classification':
      return [
        field('label'),
        field('score'),
        ...outputs.labels.map((label) => ({
          name: `probability_${label}`,
          read: (output: object) => (valueOf(output, 'probabilities') as Record<string, number>)[label],
        })),
      ];
    case 'regression':
      return [field('value')];
    case 'tensor':
      return outputs.tensors.map(({ name }) => ({
        name,
        read: (output: object) => JSON.stringify(valueOf(output, name)),
      }));
  }
}

function field(name: string): Column {
  return { name, read: (output) => valueOf(output, name) };
}

function valueOf(output: object, name: string): unknown {
  return (output as Record<string, unknown>)[name];
}

function failureOf({ failure, status }: Standing, problems: BatchResult['problems']): RowFailure {
  if (failure !== null) {
    return { code: failure.code, message: failure.message, ...(problems.length > 0 ? { errors: problems } : {}) };
  }
  return status === 'canceled'
    ? { code: 'canceled', message: 'The batch was canceled before this row ran.' }
    : { code: 'aborted', message: 'This row had not run when the time of its batch ran out.' };
}
