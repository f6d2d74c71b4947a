import { BadRequestException, NotFoundException } from '@nestjs/common';
import { fastify } from 'fastify';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { invalidFields, notFound } from '#contract/problem';
import { QueueFullError, QueueUnavailableError } from '#queue/connection';
import { sendProblem } from './problem-filter.js';

const lines: string[] = [];
const logger = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });

/** What a caller gets when a route throws. */
async function answerTo(error: unknown) {
  const server = fastify({ genReqId: () => 'r1' });
  server.setErrorHandler((thrown, request, reply) => sendProblem(thrown, request, reply, logger));
  server.post('/v1/x', () => Promise.reject(error as Error));
  const { statusCode, headers, body } = await server.inject({ method: 'POST', url: '/v1/x?key=secret', payload: {} });
  expect(headers['content-type']).toMatch(/^application\/problem\+json(;|$)/);
  return { statusCode, headers, text: body, body: JSON.parse(body) as Record<string, unknown> };
}

it.each([
  ['our own problem', notFound('There is no such prediction.'), 404, 'not_found'],
  ['a wrong input', invalidFields([{ pointer: '/a', code: 'x', detail: 'y' }]), 422, 'invalid_request'],
  ['a Redis that is away', new QueueUnavailableError(), 503, 'queue_unavailable'],
  ['a Redis that is full', new QueueFullError(), 429, 'storage_full'],
  [
    'a body that is no JSON',
    Object.assign(new Error(), { code: 'FST_ERR_CTP_INVALID_JSON_BODY' }),
    400,
    'invalid_json',
  ],
  ['an empty body', Object.assign(new Error(), { code: 'FST_ERR_CTP_EMPTY_JSON_BODY' }), 400, 'invalid_json'],
  ['a body too large', Object.assign(new Error(), { statusCode: 413 }), 413, 'body_too_large'],
  ['a path too long', Object.assign(new Error(), { statusCode: 414 }), 414, 'url_too_long'],
  ['a path that leads out of a folder', Object.assign(new Error(), { statusCode: 403 }), 404, 'no_route'],
  ['another type', Object.assign(new Error(), { statusCode: 415 }), 415, 'unsupported_media_type'],
  ['another refusal', Object.assign(new Error(), { statusCode: 417 }), 417, 'bad_request'],
  ['a route that is none', new NotFoundException(), 404, 'no_route'],
  ['a request that Nest refuses', new BadRequestException(), 400, 'invalid_json'],
  ['a bug', new TypeError('x is undefined'), 500, 'internal'],
])('turns %s into a problem', async (_, error, status, code) => {
  const { statusCode, headers, body } = await answerTo(error);
  expect([statusCode, body['status'], body['code']]).toEqual([status, status, code]);
  expect(body).toMatchObject({ type: 'about:blank', request_id: 'r1', instance: '/v1/x' });
  expect(headers['x-request-id']).toBe('r1');
  expect(body['title']).not.toBe('');
});

it('says when to come back', async () => {
  expect((await answerTo(new QueueUnavailableError())).headers['retry-after']).toBe('1');
  expect((await answerTo(new QueueFullError())).headers['retry-after']).toBe('5');
});

// What a dependency says may hold paths, addresses and queries.
it('tells a bug to the log, with its stack, and nothing of it to the caller', async () => {
  lines.length = 0;
  const { text } = await answerTo(new Error('connect to redis://:pw@10.0.0.1 failed'));
  expect(text).not.toMatch(/redis|pw|10\.0|at /);
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0]!)).toMatchObject({ msg: 'request failed', request_id: 'r1' });
  expect((JSON.parse(lines[0]!) as { err: { stack: string } }).err.stack).toContain('problem-filter.spec');
});

it('leaves the query out, which may hold a key', async () => {
  expect((await answerTo(new QueueUnavailableError())).text).not.toContain('secret');
});
