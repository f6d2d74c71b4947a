/**
 * The results of a batch in the order of its rows, each as soon as it and all before it have ended: read, and where the
 * reading ends before the batch does, read on behind the last row that has come.
 */
import { MillraceUnreachableError } from './errors.js';
import { BrokenOff, linesOf } from './lines.js';
import { type Batch, type BatchResult, hasAllResults } from './resources.js';
import { pause } from './retries.js';
import { type Query, route } from './routes.js';
import type { Transport } from './transport.js';

export interface ResultOptions {
  /** Index of the last row that is known already; with it the results go on behind that row. */
  readonly after?: number;
  readonly signal?: AbortSignal;
}

const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
/** So often in a row an answer may break off without a single result in it. */
const FRUITLESS = 3;

export async function* resultsOf(
  transport: Transport,
  id: string,
  { after = -1, signal }: ResultOptions,
): AsyncGenerator<BatchResult> {
  let last = after;
  let pauseMs = SHORTEST_PAUSE_MS;
  for (let fruitless = 0; ;) {
    // Asked first: whatever has ended by now is among the results that are read next.
    const batch = await transport.json<Batch>('GET', route('/v1/batches/{id}', id), { signal });
    const before = last;
    try {
      for await (const result of readResults(transport, id, last, signal)) {
        last = result.index;
        yield result;
      }
      fruitless = 0;
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof BrokenOff)) throw error;
      fruitless = last > before ? 0 : fruitless + 1;
      if (fruitless >= FRUITLESS) throw new MillraceUnreachableError(transport.base, { cause: error });
    }
    if (hasAllResults(batch) && last + 1 >= batch.request_counts.total) return;
    pauseMs = last > before ? SHORTEST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    await pause(pauseMs, signal);
  }
}

async function* readResults(
  transport: Transport,
  id: string,
  last: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<BatchResult> {
  const query: Query<'/v1/batches/{id}/results', 'get'> = { after: last < 0 ? undefined : last };
  const response = await transport.open(route('/v1/batches/{id}/results', id), {
    headers: { accept: 'application/x-ndjson' },
    query,
    signal,
  });
  if (response.body === null) return;
  for await (const line of linesOf(response.body)) {
    if (line !== '') yield JSON.parse(line) as BatchResult;
  }
}
