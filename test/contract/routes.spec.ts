/**
 * The door of the public API, tried at every route that the router knows and in every spelling that has opened such
 * doors elsewhere: without a key nothing is served, whatever the path looks like.
 */
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ApiParts } from '../../apps/api/api.module.js';
import { type DeclaredRoute, requireDeclarations } from '../../apps/api/access/requires.js';
import { createPublicApp } from '../../apps/api/public-app.js';
import { readSettings } from '#config/settings';
import type { FleetProcess } from '#testing/fleet';
import { callRaw } from '#testing/http';
import { sendFile } from '#testing/files';
import { Caller } from '#testing/keys';
import { until } from '#testing/patience';
import { IRIS } from '#testing/predictions';
import { makeRegistry } from '#process/registry';
import { createLogger } from '#telemetry/logger';
import { ApiMetrics } from '#telemetry/metrics';
import { fleetFor } from '../stage.js';

const fleet = fleetFor('file', { AUTH: 'on' });
let api: FleetProcess;
let admin: Caller;
let routes: readonly DeclaredRoute[];
let closed: readonly DeclaredRoute[];

/** The router as the API builds it; what its handlers stand on is never called. */
async function routesOfTheApi(): Promise<readonly DeclaredRoute[]> {
  const readiness = { check: async () => ({}), degraded: () => [] };
  const logger = await createLogger({ app: 'api', level: 'silent' });
  const app = await createPublicApp(
    readSettings({}),
    { webhooks: {}, openAi: {}, metrics: new ApiMetrics(makeRegistry('api', 'on')) } as ApiParts,
    readiness,
    null,
    {
      logger,
      tracing: null,
    },
  );
  await app.init();
  const server: FastifyInstance = app.getHttpAdapter().getInstance();
  await app.close();
  return server.declaredRoutes;
}

beforeAll(async () => {
  routes = await routesOfTheApi();
  closed = routes.filter(({ requires }) => requires !== 'nothing');
  api = await fleet.api();
  admin = new Caller(api, await api.firstKey());
});

/** A path of the route; ids are well-formed and belong to nobody. */
function pathOf({ url }: DeclaredRoute): string {
  return url.replace(':owner', 'millrace').replace(':name', 'iris').replace(/:\w+/g, '0'.repeat(8));
}

function spellings(path: string): string[] {
  const [, first = '', ...rest] = path.split('/');
  const tail = rest.join('/');
  return [
    path,
    `${path}/`,
    `${path}//`,
    `/${path}`,
    `//${first}//${tail}`,
    `/./${first}/${tail}`,
    `/x/../${first}/${tail}`,
    `/health/../${first}/${tail}`,
    `/docs/../${first}/${tail}`,
    `/health/..%2f${first}/${tail}`,
    `/%2e/${first}/${tail}`,
    `/${encodeFirst(first)}/${tail}`,
    `/${first}%2f${tail}`,
    `/${first.toUpperCase()}/${tail.toUpperCase()}`,
    `/${first}/${tail.replace(/^./, (letter) => letter.toUpperCase())}`,
    `/${first};x=1/${tail}`,
    `${path};x=1`,
    `${path}%00`,
    `${path}?_method=GET`,
    `${path}.json`,
    `${path}%20`,
    `\\${first}\\${tail}`,
    `/health/${first}/${tail}`,
    `/docs/${first}/${tail}`,
    `${api.url}${path}`,
    `http://localhost${path}`,
    `${path}#/health`,
    `/health?x=${path}`.replace('/health?', `${path}?next=/health&`),
    `/${first}/${tail.replace('predictions', 'predict\u0131ons')}`,
  ];
}

function encodeFirst(word: string): string {
  return `%${word.charCodeAt(0).toString(16)}${word.slice(1)}`;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

const EXTRA_HEADERS = [
  '',
  'X-Original-URL: /health\r\n',
  'X-Rewrite-URL: /health\r\n',
  'X-Forwarded-Prefix: /health\r\n',
  'X-HTTP-Method-Override: GET\r\n',
  'Authorization: Bearer\r\n',
  'X-Forwarded-For: 127.0.0.1\r\n',
];

async function statusOf(method: string, path: string, headers = '', version = '1.1'): Promise<number> {
  const target = path.replace(/[^\x20-\x7e]/g, (letter) => encodeURIComponent(letter));
  const answer = await callRaw(
    api.url,
    `${method} ${target} HTTP/${version}\r\nHost: x\r\n${headers}Connection: close\r\n\r\n`,
  );
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
}

it('every route declares what it asks of its caller', () => {
  expect(closed.length).toBeGreaterThan(8);
  expect(routes.filter(({ requires }) => requires === 'nothing').map(({ url }) => url)).toEqual(
    expect.arrayContaining(['/health', '/ready']),
  );
});

it('a route that declares nothing is refused when the application starts', async () => {
  @Controller()
  class Forgetful {
    @Get('forgotten')
    get(): string {
      return 'served';
    }
  }
  @Module({ controllers: [Forgetful] })
  class ForgetfulModule {}
  const adapter = new FastifyAdapter();
  const app = await NestFactory.create<NestFastifyApplication>(ForgetfulModule, adapter, {
    logger: false,
    abortOnError: false,
  });
  requireDeclarations(adapter.getInstance<FastifyInstance>());
  await expect(app.init()).rejects.toThrow('The route GET /forgotten declares no scope');
});

/** 403 is the answer of the pages' own file server to a path that climbs. */
const REFUSED = [400, 401, 403, 404];

describe('without a key', () => {
  it('no spelling of any route is served', async () => {
    const served: string[] = [];
    for (const route of closed) {
      for (const path of spellings(pathOf(route))) {
        for (const method of new Set([route.method, 'GET', 'HEAD'])) {
          const status = await statusOf(method, path);
          if (!REFUSED.includes(status)) served.push(`${method} ${path} -> ${status}`);
        }
      }
    }
    expect(served).toEqual([]);
  });

  it('no method and no header opens a route', async () => {
    const served: string[] = [];
    for (const route of closed) {
      const tries = [
        ...METHODS.map((method) => [method, ''] as const),
        ...EXTRA_HEADERS.map((header) => [route.method, header] as const),
      ];
      for (const [method, headers] of tries) {
        const status = await statusOf(method, pathOf(route), headers);
        if (![401, 404].includes(status)) served.push(`${method} ${route.url} ${headers} -> ${status}`);
      }
      const old = await statusOf(route.method, pathOf(route), '', '1.0');
      if (old !== 401) served.push(`HTTP/1.0 ${route.method} ${route.url} -> ${old}`);
    }
    expect(served).toEqual([]);
  });

  it('each route itself says 401, before it looks at the body', async () => {
    for (const route of closed) expect(await statusOf(route.method, pathOf(route)), route.url).toBe(401);
    // The body is announced and never sent: who is not admitted is answered without it.
    const answer = await callRaw(
      api.url,
      'POST /v1/predictions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  });
});

it('with a key that lacks the scope each route says 403', async () => {
  for (const route of closed.filter(({ requires }) => requires !== 'key')) {
    const caller = await admin.make([route.requires === 'label' ? 'deploy' : 'label']);
    const headers = `Authorization: Bearer ${caller.key}\r\n`;
    expect(await statusOf(route.method, pathOf(route), headers), `${route.method} ${route.url}`).toBe(403);
  }
});

it('all that operators do, and nothing else, asks for the scope operate', async () => {
  const operated = closed.filter(({ requires }) => requires === 'operate').map(({ url }) => url);
  const ofOperators = closed.map(({ url }) => url).filter((url) => /^\/v1\/(operations\/|fleet$)/.test(url));
  expect(ofOperators.length).toBeGreaterThan(8);
  expect(operated).toEqual(ofOperators);
});

describe("another client's things", () => {
  /** Of each kind one, by the route that names it: a new kind of thing is missing here until somebody adds it. */
  async function things(owner: Caller): Promise<Readonly<Record<string, string>>> {
    const body = { ...IRIS, webhook_events_filter: ['completed'], webhook: 'https://example.com/hook' };
    const prediction = (await owner.call('POST', '/v1/predictions', { body, headers: { prefer: 'wait=30' } })).json.id;
    const raw = `${JSON.stringify(IRIS.input)}\n`;
    const headers = { 'content-type': 'application/x-ndjson' };
    const batch = (await owner.call('POST', '/v1/batches?model=iris', { raw, headers })).json.id;
    const delivery = `${prediction}-completed`;
    await until(async () => (await owner.call('GET', `/v1/deliveries/${delivery}`)).status === 200, {
      deadlineMs: 20_000,
      what: 'the delivery',
    });
    const file = await sendFile(owner);
    const asked = { input_file_id: file, endpoint: '/v1/predictions', completion_window: '24h' };
    const fileBatch = (await owner.call('POST', '/openai/v1/batches', { body: asked })).json.id;
    return {
      predictions: prediction,
      batches: batch,
      deliveries: delivery,
      'openai/v1/files': file,
      'openai/v1/batches': fileBatch,
    };
  }

  it('do not exist on any route, whatever is done with them', async () => {
    await Promise.all([fleet.worker(), fleet.courier()]);
    const [owner, stranger] = [await admin.make(['predict']), await admin.make(['predict'])];
    const ids = await things(owner);
    // Versions of models belong to nobody, keys to administrators, and operators see what belongs to everybody.
    const routesOfThings = closed.filter(
      ({ url, requires }) =>
        url.includes(':id') && !['admin', 'operate'].includes(requires) && !url.startsWith('/v1/models/'),
    );
    expect(routesOfThings.length).toBeGreaterThan(6);
    const seen: string[] = [];
    for (const { method, url } of routesOfThings) {
      const [, kind = ''] = /^\/(?:v1\/)?(\S+?)\/:id/.exec(url) ?? [];
      const id = ids[kind];
      if (id === undefined) {
        seen.push(`no thing of the kind ${kind}: ${url}`);
        continue;
      }
      const path = url.replace(':id', id);
      const { status } = await stranger.call(method, path);
      if (status !== 404) seen.push(`${method} ${url} -> ${status}`);
    }
    expect(seen).toEqual([]);
    // Its owner still has all of it, as it was.
    for (const [kind, id] of Object.entries(ids)) {
      const path = kind.includes('/') ? kind : `v1/${kind}`;
      expect((await owner.call('GET', `/${path}/${id}`)).status).toBe(200);
    }
    expect((await stranger.call('GET', '/v1/predictions')).json.results).toEqual([]);
    expect((await stranger.call('GET', '/v1/batches')).json.results).toEqual([]);
    expect((await stranger.call('GET', '/v1/deliveries')).json.results).toEqual([]);
    for (const things of ['files', 'batches']) {
      expect((await stranger.call('GET', `/openai/v1/${things}`)).json.data).toEqual([]);
    }
  });
});
