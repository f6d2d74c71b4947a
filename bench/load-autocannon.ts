/** The same load by autocannon, to compare what the two cost; see README.md. */
import autocannon from 'autocannon';
import { headersOf, LONGEST_LOAD_MS, prepareRequests, type LoadOrder, type LoadResult } from './load-order.js';
import { LoadTally } from './load-tally.js';

const NOTHING = Buffer.alloc(0);

export function runAutocannon(order: LoadOrder): Promise<LoadResult> {
  const { port, connections, until } = order;
  const bound = 'requests' in until ? { amount: until.requests } : { duration: until.seconds };
  const requests = prepareRequests(order).map(({ body }) => ({ body }));
  const tally = new LoadTally(false);
  return new Promise((resolve, reject) => {
    const instance = autocannon(
      {
        url: `http://127.0.0.1:${port}/v1/predictions`,
        method: 'POST',
        headers: headersOf(order),
        connections,
        requests,
        timeout: LONGEST_LOAD_MS / 1_000,
        ...bound,
      },
      (error: Error | null) => {
        if (error === null) resolve(tally.result());
        else reject(error);
      },
    );
    instance.on('response', (_client, status, _bytes, ms) => {
      tally.answer(status, status !== 422, ms, NOTHING);
    });
    instance.on('reqError', () => tally.broken());
  });
}
