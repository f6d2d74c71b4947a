/** What a story does with batches. */
import type { FleetProcess } from './fleet.js';
import { until } from './patience.js';
import { IRIS } from './predictions.js';

export interface BatchBody {
  readonly id: string;
  readonly status: string;
  readonly request_counts: Readonly<Record<'total' | 'completed' | 'failed' | 'not_run', number>>;
  readonly progress: number;
  readonly estimated_time_left: number | null;
  readonly error_code: string | null;
  readonly metadata: unknown;
  readonly completed_at: string | null;
  readonly urls: Readonly<Record<'get' | 'results' | 'cancel' | 'stream', string>>;
  // Of a problem.
  readonly code: string;
  readonly detail: string;
  readonly errors: readonly { readonly pointer: string; readonly code: string; readonly detail: string }[];
}

export interface BatchAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly json: BatchBody;
}

/** One line of results. */
export interface ResultLine {
  readonly index: number;
  readonly id: string;
  readonly custom_id: string | null;
  readonly output?: { readonly label: string; readonly probabilities: Readonly<Record<string, number>> };
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly errors?: readonly { readonly pointer: string; readonly code: string }[];
  };
}

export interface Send {
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly type?: string;
  readonly body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
  /** Ends the connection in the middle. */
  readonly signal?: AbortSignal;
}

export async function sendBatch(api: FleetProcess, { query, headers, type, body, signal }: Send): Promise<BatchAnswer> {
  const search = new URLSearchParams({ model: 'iris', ...query });
  const response = await fetch(`${api.url}/v1/batches?${search.toString()}`, {
    method: 'POST',
    headers: { 'content-type': type ?? 'application/x-ndjson', ...headers },
    body,
    duplex: 'half',
    ...(signal === undefined ? {} : { signal }),
  });
  return { status: response.status, headers: response.headers, json: (await response.json()) as BatchBody };
}

export async function getBatch(api: FleetProcess, id: string): Promise<BatchBody> {
  return (await (await fetch(`${api.url}/v1/batches/${id}`)).json()) as BatchBody;
}

/** The newest batch, once so many of its rows are in the queue. */
export async function batchArriving(api: FleetProcess, atLeast: number): Promise<BatchBody> {
  return until(
    async () => {
      const { json } = await api.call('GET', '/v1/batches?limit=1');
      const [batch] = json.results as unknown as BatchBody[];
      return batch !== undefined && batch.request_counts.total >= atLeast && batch;
    },
    { deadlineMs: 60_000, what: 'rows to arrive' },
  );
}

const BATCH_ENDED: readonly string[] = ['completed', 'failed', 'canceled', 'expired'];

export async function batchEnded(api: FleetProcess, id: string, deadlineMs = 60_000): Promise<BatchBody> {
  return until(
    async () => {
      const batch = await getBatch(api, id);
      return BATCH_ENDED.includes(batch.status) && batch;
    },
    { deadlineMs, what: `the batch ${id} to end` },
  );
}

export async function resultText(api: FleetProcess, id: string, accept = '*/*', after?: number): Promise<string> {
  const query = after === undefined ? '' : `?after=${after}`;
  const response = await fetch(`${api.url}/v1/batches/${id}/results${query}`, { headers: { accept } });
  return response.text();
}

export async function results(api: FleetProcess, id: string, after?: number): Promise<ResultLine[]> {
  const text = await resultText(api, id, 'application/x-ndjson', after);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ResultLine);
}

/** Iris rows of which each is another one, so that results can be told apart. */
export function irisRow(index: number): Record<string, number> {
  return { ...(IRIS.input as Record<string, number>), petal_length: 1 + ((index * 7) % 60) / 10 };
}

export function ndjson(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

export function irisRows(count: number): string {
  return ndjson(Array.from({ length: count }, (_, index) => irisRow(index)));
}
