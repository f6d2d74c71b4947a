/** The options of a batch, out of the query of its request. */
import { invalidFields } from '#contract/problem';
import type { FieldProblem } from '#domain/field-problem';
import { EVENT_KINDS, type EventKind } from '#domain/callback';
import { LONGEST_LIFE_MS, METADATA_LIMITS } from '#domain/limits';
import type { SourceFormat } from '#rows/format';
import { spanMs } from '../time-span.js';
import { requireWholeCharacters } from '../well-formed.js';
import type { CreateBatchQuery, OnInvalid } from './batches.dto.js';

export interface BatchOptions {
  readonly model: string;
  readonly format: SourceFormat;
  readonly onInvalid: OnInvalid;
  readonly webhook: string | null;
  readonly events: readonly EventKind[] | null;
  readonly windowMs: number;
  readonly metadata: Readonly<Record<string, string>> | null;
}

const DEFAULT_WINDOW = '24h';

/** @throws ProblemError 422 */
export function readOptions(query: CreateBatchQuery, format: SourceFormat): BatchOptions {
  return {
    model: query.model,
    format,
    onInvalid: query.on_invalid ?? 'report',
    webhook: query.webhook ?? null,
    events: query.webhook_events_filter === undefined ? null : eventsOf(query.webhook_events_filter),
    windowMs: windowOf(query.completion_window ?? DEFAULT_WINDOW),
    metadata: query.metadata === undefined ? null : metadataOf(query.metadata),
  };
}

function eventsOf(list: string): EventKind[] {
  const asked = list.split(',');
  return EVENT_KINDS.filter((kind) => asked.includes(kind));
}

/** @throws ProblemError 422 */
export function windowOf(text: string): number {
  const ms = spanMs(Number(text.slice(0, -1)), text.slice(-1));
  if (ms >= 1_000 && ms <= LONGEST_LIFE_MS) return ms;
  throw wrong('/completion_window', 'must be a duration from 1s to 7d');
}

function metadataOf(text: string): Readonly<Record<string, string>> {
  requireWholeCharacters(text, '/metadata');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong('/metadata', 'must be a JSON object');
  }
  return textsOf(value);
}

/** @throws ProblemError 422 */
export function textsOf(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong('/metadata', 'must be a JSON object');
  }
  const entries = Object.entries(value as Record<string, unknown>);
  if (entries.length > METADATA_LIMITS.texts)
    throw wrong('/metadata', `must have at most ${METADATA_LIMITS.texts} fields`);
  for (const [name, content] of entries) {
    if (name.length < 1 || name.length > METADATA_LIMITS.nameLength) {
      throw wrong('/metadata', `must have names of 1 to ${METADATA_LIMITS.nameLength} characters`);
    }
    if (typeof content !== 'string' || content.length > METADATA_LIMITS.textLength) {
      throw wrong(`/metadata/${name}`, `must be a string of at most ${METADATA_LIMITS.textLength} characters`);
    }
  }
  return value as Record<string, string>;
}

function wrong(pointer: string, detail: string): Error {
  const errors: FieldProblem[] = [{ pointer, code: 'invalid_field', detail }];
  return invalidFields(errors);
}
