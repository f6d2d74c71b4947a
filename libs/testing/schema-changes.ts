/**
 * What has changed in a schema so that an old client breaks. The direction decides: what is sent may be taken more
 * freely, never more strictly; what is answered may say more, never less or otherwise.
 */
import { isDeepStrictEqual as same } from 'node:util';
import { type OpenApiDocument, resolved, type Schema } from './openapi-document.js';

export interface Place {
  readonly direction: 'request' | 'response';
  /** Where in the body, `results[].id`; empty for the body itself. */
  readonly at: string;
  readonly before: OpenApiDocument;
  readonly after: OpenApiDocument;
  /** Pairs that led here: a schema that contains itself is compared once. */
  readonly within: readonly string[];
}

/** @returns sentences, each beginning with the place */
export function schemaChanges(before: Schema, after: Schema, place: Place): string[] {
  const pair = before.$ref === undefined ? null : JSON.stringify([before, after]);
  if (pair !== null && place.within.includes(pair)) return [];
  const here = pair === null ? place : { ...place, within: [...place.within, pair] };
  const [old, fresh] = [resolved(place.before, before), resolved(place.after, after)];
  return [
    ...(here.direction === 'request' ? stricter(old, fresh) : lessCertain(old, fresh)).map((what) => say(here, what)),
    ...notUnderstood(old, fresh).map((what) => say(here, what)),
    ...fieldChanges(old, fresh, here),
    ...otherFieldChanges(old, fresh, here),
    ...itemChanges(old, fresh, here),
  ];
}

function say({ at }: Place, what: string): string {
  return `${at === '' ? 'the value' : at} ${what}`;
}

/** Of what is sent: what was taken and is not any more, or is understood otherwise. */
function stricter(old: Schema, fresh: Schema): string[] {
  const refused = without(typesOf(old), typesOf(fresh));
  const otherDefault = old.default !== undefined && !same(old.default, fresh.default);
  return [
    ...(refused.length > 0 ? [`is not taken as ${refused.join(', ')} any more`] : []),
    ...fewerValues(valuesOf(old), valuesOf(fresh)),
    ...UPPER.filter((limit) => lower(fresh[limit], old[limit])).map((limit) => narrower(limit, fresh)),
    ...LOWER.filter((limit) => higher(fresh[limit], old[limit])).map((limit) => narrower(limit, fresh)),
    ...RULES.filter((rule) => fresh[rule] !== undefined && !same(old[rule], fresh[rule])).map(
      (rule) => `has another ${rule}`,
    ),
    ...(otherDefault ? ['has another default'] : []),
  ];
}

/**
 * Of what is answered: values that did not occur before. A new value of an enumeration is none of them: the words for a
 * status or an event grow with what the service can do, and a client has to pass over one that it does not know.
 * Neither are limits: they describe, and no client counts on a number's being small.
 */
function lessCertain(old: Schema, fresh: Schema): string[] {
  const unheardOf = without(typesOf(fresh), typesOf(old));
  return [
    ...(unheardOf.length > 0 ? [`may be ${unheardOf.join(', ')} now`] : []),
    ...RULES.filter((rule) => old[rule] !== undefined && !same(old[rule], fresh[rule])).map(
      (rule) => `has another ${rule}`,
    ),
  ];
}

function fewerValues(old: readonly unknown[] | null, fresh: readonly unknown[] | null): string[] {
  if (fresh === null) return [];
  if (old === null) return [`takes only ${list(fresh)} now`];
  const gone = old.filter((value) => !fresh.some((other) => same(value, other)));
  return gone.length === 0 ? [] : [`does not take ${list(gone)} any more`];
}

function fieldChanges(old: Schema, fresh: Schema, place: Place): string[] {
  const [fields, freshFields] = [old.properties ?? {}, fresh.properties ?? {}];
  const gone = Object.keys(fields).filter((name) => freshFields[name] === undefined);
  const kept = Object.keys(fields).filter((name) => freshFields[name] !== undefined);
  return [
    ...gone.map((name) => say(field(place, name), 'is gone')),
    ...newDemands(old, fresh, place),
    ...kept.flatMap((name) => schemaChanges(fields[name] ?? {}, freshFields[name] ?? {}, field(place, name))),
  ];
}

/** A request has to carry more than before, or an answer no longer carries what it did. */
function newDemands(old: Schema, fresh: Schema, place: Place): string[] {
  const [always, nowAlways] = [old.required ?? [], fresh.required ?? []];
  if (place.direction === 'request') {
    return without(nowAlways, always).map((name) => say(field(place, name), 'is required now'));
  }
  const gone = (name: string): boolean =>
    old.properties?.[name] !== undefined && fresh.properties?.[name] === undefined;
  return without(always, nowAlways)
    .filter((name) => !gone(name)) // That has been said.
    .map((name) => say(field(place, name), 'is not always there any more'));
}

/** Fields without a name of their own. */
function otherFieldChanges(old: Schema, fresh: Schema, place: Place): string[] {
  const [before, after] = [old.additionalProperties, fresh.additionalProperties];
  // A field that an answer gains by this is an addition.
  if (before === false || (before === undefined && after === undefined)) return [];
  if (after === false) {
    // An answer that never spoke of other fields has lost none.
    if (place.direction === 'response') return before === undefined ? [] : [say(place, 'has no other fields any more')];
    return [say(place, 'does not take other fields any more')];
  }
  return schemaChanges(schemaOf(before), schemaOf(after), field(place, '*'));
}

function itemChanges({ items: before = {} }: Schema, { items: after = {} }: Schema, place: Place): string[] {
  if (same([before, after], [{}, {}])) return [];
  return schemaChanges(before, after, { ...place, at: `${place.at}[]` });
}

/** Keywords that this comparison knows nothing of: who changes one has to look, and say that it breaks nobody. */
function notUnderstood(old: Schema, fresh: Schema): string[] {
  const keywords = new Set([...Object.keys(old), ...Object.keys(fresh)].filter((keyword) => !UNDERSTOOD.has(keyword)));
  return [...keywords]
    .filter((keyword) => !same(old[keyword], fresh[keyword]))
    .map((keyword) => `has another ${keyword}`);
}

const UPPER = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'];
const LOWER = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'];
const RULES = ['format', 'pattern', 'multipleOf', 'uniqueItems'];
/** What is said of a schema and promises nothing. */
export const WORDS: readonly string[] = ['title', 'description', 'example', 'examples', 'deprecated'];
const UNDERSTOOD: ReadonlySet<string> = new Set([
  ...['type', 'enum', 'const', 'default', 'required', 'properties', 'additionalProperties', 'items'],
  ...[...UPPER, ...LOWER, ...RULES, ...WORDS],
]);

const ANY = ['null', 'boolean', 'object', 'array', 'string', 'integer', 'number'];

/** `number` stands for one that is not whole: whole ones are among the numbers. */
function typesOf(schema: Schema): readonly string[] {
  const named = schema.type === undefined ? valuesOf(schema)?.map(typeOf) : [schema.type].flat();
  const types = named ?? ANY;
  return types.includes('number') ? [...types, 'integer'] : types;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

/** @returns null where any value of the type is meant */
function valuesOf(schema: Schema): readonly unknown[] | null {
  return schema.enum ?? (schema.const === undefined ? null : [schema.const]);
}

function schemaOf(fields: Schema | boolean | undefined): Schema {
  return typeof fields === 'object' ? fields : {};
}

function field(place: Place, name: string): Place {
  return { ...place, at: place.at === '' ? name : `${place.at}.${name}` };
}

function without(from: readonly string[], others: readonly string[]): string[] {
  return [...new Set(from)].filter((one) => !others.includes(one));
}

/** What is not there is no limit. */
function lower(limit: unknown, than: unknown): boolean {
  return typeof limit === 'number' && limit < (typeof than === 'number' ? than : Infinity);
}

function higher(limit: unknown, than: unknown): boolean {
  return typeof limit === 'number' && limit > (typeof than === 'number' ? than : -Infinity);
}

function narrower(limit: string, fresh: Schema): string {
  return `has the narrower ${limit} ${String(fresh[limit])}`;
}

function list(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value)).join(', ');
}
