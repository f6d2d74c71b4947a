/**
 * Checks a prediction's input against its version's manifest, before anything is queued.
 *
 * A right input costs one compiled schema. Only a wrong one pays for the explanation: each feature is then checked by
 * itself, so that there is at most one error a field, however large a wrong array is.
 */
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { FieldProblem } from '#domain/field-problem';
import { escapePointerPart } from '#domain/json-pointer';
import type { Feature } from '#domain/model-version';
import { featureSchema, inputSchema } from './input-schema.js';
import type { Manifest } from './manifest.js';

export type InputProblemCode =
  | 'missing_field'
  | 'unknown_field'
  | 'wrong_type'
  | 'not_finite'
  | 'out_of_range'
  | 'unknown_category'
  | 'wrong_length'
  | 'too_long';

/** Its pointer leads from the input on: `/sepal_length`, `/pixels/3`. */
export interface InputProblem extends FieldProblem {
  readonly code: InputProblemCode;
}

/** @returns the errors, none for an input that the version accepts */
export type InputValidator = (input: unknown) => InputProblem[];

/** Unknown fields named at most; a client that sends thousands needs no list of them. */
const MAX_UNKNOWN_NAMED = 20;
const NO_ERRORS: InputProblem[] = [];

export function compileInputValidator(manifest: Manifest): InputValidator {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, allErrors: false });
  const accepts = ajv.compile(inputSchema(manifest));
  let explain: ((input: unknown) => InputProblem[]) | null = null;
  return (input) => {
    if (accepts(input)) return NO_ERRORS;
    explain ??= compileExplanation(ajv, manifest);
    return explain(input);
  };
}

function compileExplanation(ajv: Ajv2020, manifest: Manifest): (input: unknown) => InputProblem[] {
  const checks = manifest.inputs.map((feature) => ({ feature, accepts: ajv.compile(featureSchema(feature)) }));
  const known = new Set(manifest.inputs.map((feature) => feature.name));
  return (input) => {
    if (typeof input !== 'object' || input === null || Array.isArray(input)) {
      return [{ pointer: '', code: 'wrong_type', detail: `must be an object, not ${kindOf(input)}` }];
    }
    const fields = input as Record<string, unknown>;
    return [
      ...checks.flatMap(({ feature, accepts }) => checkFeature(feature, accepts, fields)),
      ...unknownFields(fields, known),
    ];
  };
}

function checkFeature(feature: Feature, accepts: ValidateFunction, fields: Record<string, unknown>): InputProblem[] {
  const pointer = `/${escapePointerPart(feature.name)}`;
  if (!Object.hasOwn(fields, feature.name)) {
    return feature.required ? [{ pointer, code: 'missing_field', detail: `is required: ${rule(feature)}` }] : [];
  }
  const value = fields[feature.name];
  if (accepts(value)) return [];
  // With `anyOf [value, null]` the first error is the one of the value itself.
  return [explainError(feature, pointer, value, accepts.errors?.[0])];
}

function explainError(feature: Feature, pointer: string, value: unknown, error: ErrorObject | undefined): InputProblem {
  const at = pointer + (error?.instancePath ?? '');
  const actual = valueAt(value, error?.instancePath ?? '');
  switch (error?.keyword) {
    case 'minItems':
    case 'maxItems': {
      const length = Array.isArray(actual) ? actual.length : 0;
      return { pointer: at, code: 'wrong_length', detail: `has ${length} values: ${rule(feature)}` };
    }
    case 'minimum':
    case 'maximum':
      return { pointer: at, code: 'out_of_range', detail: `is ${String(actual)}: ${rule(feature)}` };
    case 'enum':
      return { pointer: at, code: 'unknown_category', detail: rule(feature) };
    case 'maxLength':
      return { pointer: at, code: 'too_long', detail: rule(feature) };
    default:
      if (typeof actual === 'number' && !Number.isFinite(actual)) {
        return { pointer: at, code: 'not_finite', detail: `is not a finite number: ${rule(feature)}` };
      }
      return { pointer: at, code: 'wrong_type', detail: `is ${kindOf(actual)}: ${rule(feature)}` };
  }
}

function unknownFields(fields: Record<string, unknown>, known: ReadonlySet<string>): InputProblem[] {
  return Object.keys(fields)
    .filter((name) => !known.has(name))
    .slice(0, MAX_UNKNOWN_NAMED)
    .map((name) => ({
      pointer: `/${escapePointerPart(name)}`,
      code: 'unknown_field',
      detail: `is not a field of this model; its fields are ${[...known].join(', ')}`,
    }));
}

/** The rule of a feature as one phrase: `must be a number from 0 to 10 (cm)`. */
export function rule(feature: Feature): string {
  const shape = feature.shape === undefined ? '' : `${feature.shape.join(' x ')} values, each `;
  const unit = feature.unit === null ? '' : ` (${feature.unit})`;
  const orNull = feature.nullable ? ', or null' : '';
  return `must be ${shape}${scalarRule(feature)}${unit}${orNull}`;
}

function scalarRule(feature: Feature): string {
  switch (feature.type) {
    case 'number':
      return `a number${range(feature)}`;
    case 'integer':
      return `a whole number${range(feature)}`;
    case 'boolean':
      return 'true or false';
    case 'category':
      return `one of ${(feature.categories ?? []).map((category) => JSON.stringify(category)).join(', ')}`;
    case 'string':
      return 'a text';
  }
}

function range(feature: Feature): string {
  const { minimum, maximum } = feature;
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return ` of at least ${minimum}`;
  return maximum === undefined ? '' : ` of at most ${maximum}`;
}

function valueAt(value: unknown, instancePath: string): unknown {
  return instancePath
    .split('/')
    .slice(1)
    .reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  switch (typeof value) {
    case 'string':
      return 'a text';
    case 'number':
      return 'a number';
    case 'boolean':
      return 'true or false';
    case 'undefined':
      return 'missing';
    default:
      return 'an object';
  }
}
