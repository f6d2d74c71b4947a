import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { newSecret, sign, verify } from './signature.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const ID = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
const SECONDS = 1_614_265_330;
const NOW_MS = SECONDS * 1_000;
const BODY = Buffer.from('{"test": 2432232314}');
const SIGNATURE = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
const HEADERS = { 'webhook-id': ID, 'webhook-timestamp': String(SECONDS), 'webhook-signature': SIGNATURE };

describe('sign', () => {
  it("gives the standard's own vector", () => {
    expect(sign(ID, SECONDS, BODY, [SECRET])).toEqual(HEADERS);
  });

  it('is verified by standardwebhooks with either secret of a rotation', () => {
    const secrets = [newSecret(), newSecret()];
    const body = Buffer.from(JSON.stringify({ label: 'größer 🌾', numbers: [Number.POSITIVE_INFINITY, 0.1] }));
    const headers = { ...sign('msg_1', Math.floor(Date.now() / 1_000), body, secrets) };
    for (const secret of secrets) {
      expect(new Webhook(secret).verify(body.toString(), headers)).toEqual(JSON.parse(body.toString()));
    }
    expect(() => new Webhook(newSecret()).verify(body.toString(), headers)).toThrow('No matching signature');
  });

  it('signs bytes, not text', () => {
    const raw = sign('msg_1', SECONDS, Buffer.from([0xff, 0xfe]), [SECRET]);
    const asText = sign('msg_1', SECONDS, Buffer.from(Buffer.from([0xff, 0xfe]).toString()), [SECRET]);
    expect(raw['webhook-signature']).not.toBe(asText['webhook-signature']);
  });

  it.each([
    ['a dot in the id', 'msg.1', SECONDS, [SECRET]],
    ['an empty id', '', SECONDS, [SECRET]],
    ['a line break in the id', 'msg\n1', SECONDS, [SECRET]],
    ['a broken second', 'msg_1', 1.5, [SECRET]],
    ['a time that is none', 'msg_1', Number.NaN, [SECRET]],
    ['no secret', 'msg_1', SECONDS, []],
    ['an empty secret', 'msg_1', SECONDS, ['whsec_']],
    ['a short secret', 'msg_1', SECONDS, [`whsec_${Buffer.alloc(23).toString('base64')}`]],
    ['a long secret', 'msg_1', SECONDS, [`whsec_${Buffer.alloc(65).toString('base64')}`]],
  ])('refuses %s', (_what, id, seconds, secrets) => {
    expect(() => sign(id, seconds, BODY, secrets)).toThrow(RangeError);
  });
});

describe('newSecret', () => {
  it('is the base64 of 32 bytes, another one each time', () => {
    expect(newSecret()).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(newSecret()).not.toBe(newSecret());
  });
});

describe('verify', () => {
  const noise = 'v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=';

  it.each([
    ['the vector', HEADERS, [SECRET], NOW_MS],
    ['a secret without its prefix', HEADERS, [SECRET.slice('whsec_'.length)], NOW_MS],
    [
      'one right signature among others',
      { ...HEADERS, 'webhook-signature': `${noise} ${SIGNATURE}` },
      [SECRET],
      NOW_MS,
    ],
    ['the older of two secrets', HEADERS, [newSecret(), SECRET], NOW_MS],
    ['five minutes late', HEADERS, [SECRET], NOW_MS + 300_000],
    ['five minutes early', HEADERS, [SECRET], NOW_MS - 300_000],
  ])('accepts %s', (_what, headers, secrets, nowMs) => {
    expect(verify(headers, BODY, secrets, nowMs)).toEqual({ ok: true });
  });

  it.each([
    ['no id', { ...HEADERS, 'webhook-id': undefined }],
    ['an empty id', { ...HEADERS, 'webhook-id': '' }],
    ['no time', { ...HEADERS, 'webhook-timestamp': undefined }],
    ['no signature', { ...HEADERS, 'webhook-signature': undefined }],
    ['two ids', { ...HEADERS, 'webhook-id': [ID, ID] }],
    ['another id', { ...HEADERS, 'webhook-id': 'msg_2' }],
    ['a time that is no number', { ...HEADERS, 'webhook-timestamp': 'hello' }],
    ['a time with a tail', { ...HEADERS, 'webhook-timestamp': `${SECONDS}x` }],
    ['another time', { ...HEADERS, 'webhook-timestamp': String(SECONDS + 1) }],
    ['an empty v1', { ...HEADERS, 'webhook-signature': 'v1,' }],
    ['the begin of a signature', { ...HEADERS, 'webhook-signature': SIGNATURE.slice(0, 11) }],
    ['the right bytes as v2', { ...HEADERS, 'webhook-signature': SIGNATURE.replace('v1', 'v2') }],
    ['the right bytes without version', { ...HEADERS, 'webhook-signature': SIGNATURE.slice(3) }],
    ['only noise', { ...HEADERS, 'webhook-signature': noise }],
  ])('refuses %s', (_what, headers) => {
    expect(verify(headers, BODY, [SECRET], NOW_MS).ok).toBe(false);
  });

  it.each([
    ['another secret', newSecret()],
    ['an empty secret', ''],
    ['a bare prefix', 'whsec_'],
    ['a secret that is no base64', 'whsec_not base64!'],
  ])('refuses %s', (_what, secret) => {
    expect(verify(HEADERS, BODY, [secret], NOW_MS).ok).toBe(false);
  });

  it('refuses what is a second too old, too new, or was written anew', () => {
    expect(verify(HEADERS, BODY, [SECRET], NOW_MS + 301_000).ok).toBe(false);
    expect(verify(HEADERS, BODY, [SECRET], NOW_MS - 301_000).ok).toBe(false);
    const anew = Buffer.from(JSON.stringify(JSON.parse(BODY.toString())));
    expect(verify(HEADERS, anew, [SECRET], NOW_MS).ok).toBe(false);
    expect(verify(HEADERS, BODY, [], NOW_MS).ok).toBe(false);
  });
});
