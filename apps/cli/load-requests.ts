/** The round of requests that every connection of a load repeats. */

export interface LoadRequest {
  readonly method: 'POST';
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** @returns one request, or as many as it takes for one of them to be the wrong share */
export function loadRequests(
  options: {
    readonly url: string;
    readonly key: string | null;
    readonly model: string;
    readonly wait: boolean;
    readonly invalid: number;
  },
  input: Readonly<Record<string, unknown>>,
): LoadRequest[] {
  const { key, model, wait, invalid } = options;
  const headers = {
    'content-type': 'application/json',
    ...(key === null ? {} : { authorization: `Bearer ${key}` }),
    ...(wait ? { prefer: 'wait=60' } : {}),
  };
  const path = `${new URL(options.url).pathname.replace(/\/$/, '')}/v1/predictions`;
  const request = (sent: unknown): LoadRequest => ({
    method: 'POST',
    path,
    headers,
    body: JSON.stringify({ version: model, input: sent }),
  });
  if (invalid === 0) return [request(input)];
  if (invalid > 0.5) return roundOf(1 - invalid, request(wrong(input)), request(input));
  return roundOf(invalid, request(input), request(wrong(input)));
}

/** A round in which `rare` has this share, at most a half. */
function roundOf(share: number, common: LoadRequest, rare: LoadRequest): LoadRequest[] {
  if (share === 0) return [common];
  return [...Array.from({ length: Math.round(1 / share) - 1 }, () => common), rare];
}

/** A text where something else belongs is wrong in every model, and costs what wrong inputs usually cost. */
function wrong(input: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const [first = 'unknown'] = Object.keys(input);
  return { ...input, [first]: { wrong: true } };
}
