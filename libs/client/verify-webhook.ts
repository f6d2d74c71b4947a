/** Standard Webhooks 1.0, the receiver's side, with WebCrypto: the same in Node, in browsers and at the edge. */
import { WebhookVerificationError } from './errors.js';
import type { Batch, Prediction } from './resources.js';

/** As `fetch` has them, or as Node has them. */
export type WebhookHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Webhook {
  /** The same however often the message is sent: drop what you have seen. */
  readonly id: string;
  /** When it was signed; a message that is sent again is signed again. */
  readonly sentAt: Date;
  /** As `GET` showed it when the event was made; only a batch has `request_counts`. */
  readonly payload: Prediction | Batch;
}

export interface VerifyOptions {
  /** How old, or how far ahead of our clock, a message may be; 300 unless given. */
  readonly toleranceSeconds?: number;
  readonly nowMs?: number;
}

/**
 * @param body the exact bytes that came, or their text: parsed and written again they are others
 * @param secret `whsec_...`, as `webhookSecret()` gives it
 * @throws WebhookVerificationError
 */
export async function verifyWebhook(
  body: string | Uint8Array,
  headers: WebhookHeaders,
  secret: string,
  { toleranceSeconds = 300, nowMs = Date.now() }: VerifyOptions = {},
): Promise<Webhook> {
  const id = headerOf(headers, 'webhook-id');
  const timestamp = headerOf(headers, 'webhook-timestamp');
  const signatures = headerOf(headers, 'webhook-signature');
  const seconds = /^\d+$/.test(timestamp) ? Number(timestamp) : Number.NaN;
  if (!(Math.abs(nowMs / 1_000 - seconds) <= toleranceSeconds)) {
    throw new WebhookVerificationError('The timestamp of the webhook is too far from now');
  }
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  const signed = new TextEncoder().encode(`${id}.${timestamp}.${text}`);
  const key = await keyOf(secret);
  // Several while the secret is changed.
  for (const signature of signatures.split(' ')) {
    const bytes = signature.startsWith('v1,') ? fromBase64(signature.slice('v1,'.length)) : null;
    // Compared by WebCrypto, in a time that tells nothing.
    if (bytes !== null && (await crypto.subtle.verify('HMAC', key, bytes, signed))) {
      return { id, sentAt: new Date(seconds * 1_000), payload: JSON.parse(text) as Webhook['payload'] };
    }
  }
  throw new WebhookVerificationError('No signature of the webhook was made with this secret');
}

function headerOf(headers: WebhookHeaders, name: string): string {
  const value = headers instanceof Headers ? headers.get(name) : headers[name];
  if (typeof value !== 'string') throw new WebhookVerificationError(`The webhook has no header ${name}`);
  return value;
}

function keyOf(secret: string): ReturnType<typeof crypto.subtle.importKey> {
  const bytes = fromBase64(secret.replace(/^whsec_/, ''));
  if (bytes === null || bytes.length === 0) throw new TypeError('The webhook secret is not whsec_ followed by base64');
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null; // It is none.
  }
}
