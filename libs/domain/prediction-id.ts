/**
 * A prediction's id says where it lives, so that reading one needs no table:
 *
 *     p | model (4) | envelope (26) | row (2)          33 characters, base 32: 0-9 a-v
 *                     kind (1) | time (9) | turn (2) | random (14)
 *
 * `model` is a short hash of the model's name, `kind` names the queue, `time` is the milliseconds since the epoch at
 * which the envelope was made (so that an id whose job is gone can be told from one that never was), `turn` counts those
 * that one process made within a millisecond (so that lists, which are in the order of the ids, have them in the order in
 * which they were made), and 70 random bits make it impossible to guess.
 */

/** `i`: the model's interactive queue; `b`: its bulk queue, for rows of batches and for predictions of low priority. */
export type QueueKind = 'i' | 'b';

/** Rows that one envelope can number: two base-32 digits. */
export const MAX_ENVELOPE_ROWS = 1024;

export interface PredictionAddress {
  /** The four characters that stand for the model's name. */
  readonly modelCode: string;
  /** The id of the envelope's job. */
  readonly envelopeId: string;
  readonly row: number;
}

const ID = /^p([0-9a-v]{4})([ib][0-9a-v]{25})([0-9a-v]{2})$/;
const TIME_DIGITS = 9;
const TURN_DIGITS = 2;
const LAST_TURN = 32 ** TURN_DIGITS - 1;
const RANDOM_BYTES = 10;

let newestMs = -1;
let turn = 0;

/** A new envelope's id: after all others of its kind that this process made, unless the clock went back. */
export function newEnvelopeId(kind: QueueKind, nowMs: number): string {
  turn = nowMs === newestMs ? Math.min(turn + 1, LAST_TURN) : 0;
  newestMs = nowMs;
  const digits = turn.toString(32).padStart(TURN_DIGITS, '0');
  return kind + formatEnvelopeTime(nowMs) + digits + base32(nextRandomBytes()).slice(TURN_DIGITS);
}

/** As it stands in an id: texts of this length are in the order of the times. */
export function formatEnvelopeTime(ms: number): string {
  return ms.toString(32).padStart(TIME_DIGITS, '0');
}

export function formatPredictionId(modelCode: string, envelopeId: string, row: number): string {
  return `p${modelCode}${envelopeId}${row.toString(32).padStart(2, '0')}`;
}

/** @returns where the prediction lives, or null for a text that is not a prediction's id */
export function parsePredictionId(id: string): PredictionAddress | null {
  const match = ID.exec(id);
  if (match === null) return null;
  const [, modelCode = '', envelopeId = '', row = ''] = match;
  return { modelCode, envelopeId, row: Number.parseInt(row, 32) };
}

/** Every id of ours has this form, also one of a kind of queue that is yet to come. */
const OUR_FORM = /^p[0-9a-v]{32}$/;
const OWN_ID = /^[0-9A-Za-z][0-9A-Za-z._~-]{0,127}$/;

/** Whether only Millrace gives such ids. */
export function isOfOurForm(text: string): boolean {
  return OUR_FORM.test(text);
}

/** Whether a client may call a prediction so: it needs no escape in a path, and cannot be taken for an id of ours. */
export function isOwnId(text: string): boolean {
  return OWN_ID.test(text) && !isOfOurForm(text);
}

/** The queue that the envelope is in. */
export function queueKindOf(envelopeId: string): QueueKind {
  return envelopeId.startsWith('b') ? 'b' : 'i';
}

/** When the envelope was made, milliseconds since the epoch. */
export function envelopeTimeMs(envelopeId: string): number {
  return Number.parseInt(envelopeId.slice(1, 1 + TIME_DIGITS), 32);
}

/** 80 bits as 16 base-32 digits: each 5 bytes are 8 digits. */
function base32(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 5) {
    let group = 0;
    for (let j = 0; j < 5; j += 1) group = group * 256 + (bytes[i + j] ?? 0);
    text += group.toString(32).padStart(8, '0');
  }
  return text;
}

// One call for 400 envelopes: asking the system for ten bytes costs as much as asking for four thousand.
const pool = new Uint8Array(RANDOM_BYTES * 400);
let used = pool.length;

function nextRandomBytes(): Uint8Array {
  if (used === pool.length) {
    globalThis.crypto.getRandomValues(pool);
    used = 0;
  }
  used += RANDOM_BYTES;
  return pool.subarray(used - RANDOM_BYTES, used);
}
