import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { load } from './load.js';

/** Answers as many predictions as a fleet that then goes away, with every connection. */
async function fleetThatLeavesAfter(answers: number): Promise<string> {
  let left = answers;
  const server = createServer((request, response) => {
    request.resume();
    const isPrediction = request.method === 'POST';
    if (isPrediction && left === 0) {
      server.close();
      server.closeAllConnections();
      return;
    }
    if (isPrediction) left -= 1;
    const model = { latest_version: { example: { input: { width: 1 } } } };
    response.writeHead(isPrediction ? 201 : 200, { 'content-type': 'application/json' });
    const read = request.url === '/v1/models' ? { results: [{ owner: 'millrace', name: 'iris' }] } : model;
    response.end(JSON.stringify(isPrediction ? { id: 'p1', status: 'starting', urls: {} } : read));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it('ends when the fleet goes away, with its figures and a failure, instead of asking on as fast as it is refused', async () => {
  const url = await fleetThatLeavesAfter(20);
  const print = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  onTestFinished(() => print.mockRestore());
  const options = {
    url,
    key: null,
    model: 'millrace/iris',
    connections: 4,
    seconds: 15,
    wait: false,
    invalid: 0,
    json: true,
  };
  const began = Date.now();
  await expect(load(options)).rejects.toThrow(
    /^The fleet went away, and the load was ended: \d+ requests had no answer/,
  );
  expect(Date.now() - began).toBeLessThan(10_000);
  const {
    accepted,
    unanswered,
    drained_after: drained,
  } = JSON.parse(String(print.mock.calls[0]?.[0])) as {
    accepted: number;
    unanswered: number;
    drained_after: number | null;
  };
  expect([accepted, drained]).toEqual([20, null]);
  expect(unanswered).toBeLessThan(20);
});
