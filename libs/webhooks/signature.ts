import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Standard Webhooks 1.0, symmetric (`v1`): HMAC-SHA256 over `id.timestamp.body`. */

const PREFIX = 'whsec_';
const NEW_KEY_BYTES = 32;
const KEY_BYTES = { least: 24, most: 64 } as const;
const TOLERANCE_SECONDS = 300;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

export interface SignedHeaders {
  readonly 'webhook-id': string;
  /** Unix time in seconds. */
  readonly 'webhook-timestamp': string;
  /** One `v1,<base64>` for each secret, with a space between. */
  readonly 'webhook-signature': string;
}

export type Verdict = { readonly ok: true } | { readonly ok: false; readonly reason: string };

export function newSecret(): string {
  return PREFIX + randomBytes(NEW_KEY_BYTES).toString('base64');
}

/**
 * @param id fixed for a delivery, made by us: a dot in it would let one message pass for another
 * @param timestampSeconds when this attempt is made
 * @param body the exact bytes that are sent
 * @param secrets the newest first; two while a rotation lasts, so that a receiver may know either
 * @throws RangeError for an id, a time or a secret that no receiver could verify
 */
export function sign(
  id: string,
  timestampSeconds: number,
  body: Uint8Array,
  secrets: readonly string[],
): SignedHeaders {
  if (!/^[\w-]+$/.test(id)) throw new RangeError('A webhook id consists of letters, digits, _ and -');
  if (!Number.isSafeInteger(timestampSeconds) || timestampSeconds < 0) {
    throw new RangeError('A webhook timestamp is a whole number of seconds');
  }
  if (secrets.length === 0) throw new RangeError('A webhook is signed with at least one secret');
  const timestamp = String(timestampSeconds);
  const signatures = secrets.map((secret) => {
    const key = keyOf(secret);
    if (key === null) throw new RangeError('A webhook secret is whsec_ followed by the base64 of 24 to 64 bytes');
    return `v1,${digest(key, id, timestamp, body).toString('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}

/**
 * @param headers with lower-case names, as Node gives them
 * @param body the exact bytes that arrived
 * @param secrets any of which may have signed
 */
export function verify(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  body: Uint8Array,
  secrets: readonly string[],
  nowMs: number = Date.now(),
): Verdict {
  const id = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  const signature = headers['webhook-signature'];
  if (!isText(id) || !isText(timestamp) || !isText(signature)) {
    return refused('The headers webhook-id, webhook-timestamp and webhook-signature must each be present once.');
  }
  if (!/^\d{1,12}$/.test(timestamp)) return refused('The header webhook-timestamp is not a number of seconds.');
  const ageSeconds = Math.floor(nowMs / 1_000) - Number(timestamp);
  if (ageSeconds > TOLERANCE_SECONDS) return refused('The message is more than five minutes old.');
  if (ageSeconds < -TOLERANCE_SECONDS) return refused('The message is dated more than five minutes ahead.');

  const keys = secrets.map(keyOf).filter((key) => key !== null);
  if (keys.length === 0) return refused('The secret is not whsec_ followed by the base64 of 24 to 64 bytes.');
  const expected = keys.map((key) => digest(key, id, timestamp, body));
  const given = signature
    .split(' ')
    .filter((one) => one.startsWith('v1,'))
    .map((one) => Buffer.from(one.slice('v1,'.length), 'base64'));
  const known = given.some((one) =>
    expected.some((right) => one.length === right.length && timingSafeEqual(one, right)),
  );
  return known ? { ok: true } : refused('No signature of the message was made with this secret.');
}

/** @returns the key, or null for a text that is not a secret; the prefix may be left out, as the standard allows */
function keyOf(secret: string): Buffer | null {
  const encoded = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret;
  if (!BASE64.test(encoded)) return null;
  const key = Buffer.from(encoded, 'base64');
  return key.length >= KEY_BYTES.least && key.length <= KEY_BYTES.most ? key : null;
}

function digest(key: Buffer, id: string, timestamp: string, body: Uint8Array): Buffer {
  return createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
}

function isText(value: string | string[] | undefined): value is string {
  return typeof value === 'string' && value !== '';
}

function refused(reason: string): Verdict {
  return { ok: false, reason };
}
