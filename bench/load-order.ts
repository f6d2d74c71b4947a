/** What the load generator is told to do, and what it says afterwards. */

export interface LoadOrder {
  readonly engine: 'sockets' | 'autocannon';
  /** Of the API, on 127.0.0.1. */
  readonly port: number;
  readonly model: string;
  /** Valid inputs, taken in turns. */
  readonly inputs: readonly unknown[];
  readonly connections: number;
  /** Requests come at this rate, whatever becomes of them; without it each connection asks again at once. */
  readonly perSecond?: number;
  /** `Prefer: wait`: the answer is the outcome. Otherwise the answer is that it was accepted. */
  readonly wait: boolean;
  /** Every so many-th input is invalid; null for none. */
  readonly invalidEvery: number | null;
  /** What every body says besides model and input. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Where it ends. It also ends after `LONGEST_LOAD_MS`, whatever was asked. */
  readonly until: { readonly requests: number } | { readonly seconds: number };
}

export interface LoadResult {
  /** Milliseconds since the epoch. */
  readonly firstSentAtMs: number;
  readonly lastAnswerAtMs: number;
  /** Answers that were right: accepted, or succeeded where the caller waited. */
  readonly good: number;
  /** Invalid inputs that were refused with 422, as they should be. */
  readonly refused: number;
  /** Everything else: other statuses, broken connections, outcomes that are no success. */
  readonly errors: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Milliseconds from request to answer, of the good ones. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  /** Microseconds of processor time that the generator took for a request. */
  readonly generatorUs: number;
  /** A few of the ids that were given out, to look at afterwards. */
  readonly someIds: readonly string[];
}

export const LONGEST_LOAD_MS = 120_000;

/** One request as bytes, ready to send. */
export interface PreparedRequest {
  readonly bytes: Buffer;
  readonly body: string;
  readonly isValid: boolean;
}

/** The round of requests that connections take in turns. */
export function prepareRequests(order: LoadOrder): PreparedRequest[] {
  const { inputs, invalidEvery } = order;
  const valid = inputs.map((input) => prepare(order, input, true));
  if (invalidEvery === null) return valid;
  // Long enough that every input is in it, and the invalid ones come evenly.
  const length = Math.ceil(valid.length / (invalidEvery - 1)) * invalidEvery;
  let next = 0;
  return Array.from({ length }, (_, index) => {
    if (index % invalidEvery === invalidEvery - 1) return prepare(order, spoilt(inputs[0]), false);
    const request = valid[next++ % valid.length];
    if (request === undefined) throw new Error('a load needs inputs');
    return request;
  });
}

export function headersOf(order: LoadOrder): Record<string, string> {
  return { 'content-type': 'application/json', ...(order.wait ? { prefer: 'wait=60' } : {}) };
}

function prepare(order: LoadOrder, input: unknown, isValid: boolean): PreparedRequest {
  const body = JSON.stringify({ version: order.model, input, ...order.fields });
  const lines = [
    'POST /v1/predictions HTTP/1.1',
    `host: 127.0.0.1:${order.port}`,
    ...Object.entries(headersOf(order)).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return { bytes: Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`), body, isValid };
}

/** A text where a number belongs: the commonest mistake. */
function spoilt(input: unknown): Record<string, unknown> {
  const fields = input as Record<string, unknown>;
  const [first = 'unknown'] = Object.keys(fields);
  return { ...fields, [first]: 'five' };
}
