/** A page of an origin that operators name may call and follow; a page of another one may not. */
import { beforeAll, expect, it } from 'vitest';
import { bearer } from '#testing/keys';
import type { FleetProcess } from '#testing/fleet';
import type { Answer } from '#testing/http';
import { IRIS } from '#testing/predictions';
import { fleetFor } from '../stage.js';

const SHOP = 'https://shop.example';

const fleet = fleetFor('file', { AUTH: 'on', CORS_ORIGINS: SHOP });
let api: FleetProcess;

beforeAll(async () => {
  api = await fleet.api();
});

function preflight(origin: string, method: string): Promise<Answer> {
  const headers = {
    origin,
    'access-control-request-method': method,
    'access-control-request-headers': 'authorization',
  };
  return api.call('OPTIONS', '/v1/predictions/order-1', { headers });
}

it.each(['GET', 'POST', 'PUT', 'DELETE'])('a browser may ask without a key whether it may send %s', async (method) => {
  const { status, headers } = await preflight(SHOP, method);
  expect(status).toBe(204);
  expect(headers.get('access-control-allow-origin')).toBe(SHOP);
  expect(headers.get('access-control-allow-methods')).toContain(method);
  expect(headers.get('access-control-allow-headers')).toBe('authorization');
});

it('a page of another origin is allowed nothing', async () => {
  expect((await preflight('https://else.example', 'GET')).headers.has('access-control-allow-origin')).toBe(false);
});

it('the door is as closed as before', async () => {
  const call = { body: IRIS, headers: { origin: SHOP } };
  const refused = await api.call('PUT', '/v1/predictions/order-1', call);
  expect(refused.status).toBe(401);
  const headers = { ...call.headers, ...bearer(await api.firstKey()) };
  const answer = await api.call('PUT', '/v1/predictions/order-1', { ...call, headers });
  expect(answer.status).toBe(201);
  expect(answer.headers.get('access-control-allow-origin')).toBe(SHOP);
  expect(answer.headers.get('access-control-expose-headers')).toContain('location');
});
