import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { verifyWebhook, WebhookVerificationError } from './millrace-client.js';

const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const BODY = '{"id":"p1","status":"succeeded","output":"ä"}';
const NOW_MS = 1_800_000_000_000;

function headersOf({ id = 'p1-completed', seconds = NOW_MS / 1_000, secret = SECRET } = {}): Record<string, string> {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${BODY}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1a,ZWQyNTUxOQ== v1,b2xk v1,${signature}`,
  };
}

const verify = (body: string | Uint8Array, headers: Parameters<typeof verifyWebhook>[1]): unknown =>
  verifyWebhook(body, headers, SECRET, { nowMs: NOW_MS });

it('takes the vector that Standard Webhooks publishes', async () => {
  const headers = {
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  };
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const { payload } = await verifyWebhook('{"test": 2432232314}', headers, secret, { nowMs: 1_614_265_330_000 });
  expect(payload).toEqual({ test: 2_432_232_314 });
});

it('takes what one of several signatures covers, as text and as bytes, with headers of either kind', async () => {
  const webhook = { id: 'p1-completed', sentAt: new Date(NOW_MS), payload: JSON.parse(BODY) as unknown };
  expect(await verify(BODY, headersOf())).toEqual(webhook);
  expect(await verify(new TextEncoder().encode(BODY), new Headers(headersOf()))).toEqual(webhook);
});

describe('refuses', () => {
  it.each([
    ['another body', BODY.replace('p1', 'p2'), headersOf(), 'No signature'],
    ['another id', BODY, { ...headersOf(), 'webhook-id': 'p2-completed' }, 'No signature'],
    ['another secret', BODY, headersOf({ secret: `whsec_${Buffer.alloc(24, 8).toString('base64')}` }), 'No signature'],
    ['no base64', BODY, { ...headersOf(), 'webhook-signature': 'v1,%%' }, 'No signature'],
    ['an old message', BODY, headersOf({ seconds: NOW_MS / 1_000 - 301 }), 'timestamp'],
    ['one from the future', BODY, headersOf({ seconds: NOW_MS / 1_000 + 301 }), 'timestamp'],
    ['a timestamp that is none', BODY, { ...headersOf(), 'webhook-timestamp': '1e9' }, 'timestamp'],
    ['a message without a signature', BODY, { 'webhook-id': 'x', 'webhook-timestamp': '1' }, 'webhook-signature'],
  ])('%s', async (_, body, headers, says) => {
    const refused = verify(body, headers);
    await expect(refused).rejects.toThrow(WebhookVerificationError);
    await expect(refused).rejects.toThrow(says);
  });

  it('a secret that is none, loudly', async () => {
    await expect(verifyWebhook(BODY, headersOf(), '', { nowMs: NOW_MS })).rejects.toThrow(TypeError);
  });
});
