import { expect, it } from 'vitest';
import { loadRequests } from './load-requests.js';

const options = { url: 'http://127.0.0.1:3000', key: null, model: 'iris', wait: false, invalid: 0 };
const input = { a: 1, b: 2 };

it('sends the example of the catalogue', () => {
  expect(loadRequests(options, input)).toEqual([
    {
      method: 'POST',
      path: '/v1/predictions',
      headers: { 'content-type': 'application/json' },
      body: '{"version":"iris","input":{"a":1,"b":2}}',
    },
  ]);
});

it('waits where asked to, and keeps a path before the API', () => {
  const [request] = loadRequests({ ...options, wait: true, url: 'http://gateway/millrace/' }, input);
  expect(request).toMatchObject({ path: '/millrace/v1/predictions', headers: { prefer: 'wait=60' } });
});

it.each([
  [0.02, 50, 1],
  [0.5, 2, 1],
  [0.9, 10, 9],
  [1, 1, 1],
])('has a share of %d wrong inputs', (invalid, length, wrong) => {
  const requests = loadRequests({ ...options, invalid }, input);
  expect(requests).toHaveLength(length);
  expect(requests.filter(({ body }) => body.includes('wrong'))).toHaveLength(wrong);
});
