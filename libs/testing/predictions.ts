/** The everyday things that a story does with a fleet. */
import type { FleetProcess } from './fleet.js';
import type { Answer, Body } from './http.js';

export interface Wish {
  readonly version: string;
  readonly input: unknown;
}

/** An iris that every version accepts; the models' own example. */
export const IRIS: Wish = {
  version: 'iris',
  input: { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 },
};

/** A wish may know more than the service needs, its right answer for one. */
const bodyOf = ({ version, input }: Wish): Wish => ({ version, input });

export function post(
  api: FleetProcess,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return api.call('POST', '/v1/predictions', { body, headers });
}

/** @returns the ended prediction */
export async function predict(api: FleetProcess, wish: Wish): Promise<Body> {
  const { json } = await post(api, bodyOf(wish), { prefer: 'wait=30' });
  return ['starting', 'processing'].includes(String(json.status)) ? ended(api, json.id) : json;
}

/** @returns the accepted prediction's id */
export async function submit(api: FleetProcess, wish: Wish): Promise<string> {
  const { status, json, text } = await post(api, bodyOf(wish));
  if (status !== 201) throw new Error(`a submit was answered with ${status}: ${text}`);
  return json.id;
}

export async function get(api: FleetProcess, id: string, query = ''): Promise<Body> {
  return (await api.call('GET', `/v1/predictions/${id}${query}`)).json;
}

export const ENDED: readonly string[] = ['succeeded', 'failed', 'canceled', 'aborted'];

/** Asks until the prediction has ended. */
export async function ended(api: FleetProcess, id: string, deadlineMs = 90_000): Promise<Body> {
  for (const deadline = Date.now() + deadlineMs; ;) {
    const prediction = await get(api, id, '?wait=10');
    if (ENDED.includes(String(prediction.status))) return prediction;
    if (Date.now() > deadline) throw new Error(`${id} has not ended: ${JSON.stringify(prediction)}`);
  }
}

/** Does `work` for each item, a few at once; results in the items' order. */
export async function forEach<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  const entries = items.entries();
  const hand = async (): Promise<void> => {
    for (const [index, item] of entries) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: atOnce }, hand));
  return results;
}
