/** Checks a body against the schema of its route and says what is wrong in the words of RFC 9457. */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import type { FieldProblem } from '#domain/field-problem';
import { escapePointerPart } from '#domain/json-pointer';

/** @returns the errors, or null for a body that matches */
export function compileBodyValidator(schema: object): (body: unknown) => FieldProblem[] | null {
  const ajv = new Ajv2020({ allErrors: false, strict: true, strictTypes: false });
  const matches = ajv.compile(schema);
  return (body) => (matches(body) ? null : (matches.errors ?? []).slice(0, 1).map(toProblem));
}

function toProblem(error: ErrorObject): FieldProblem {
  const { keyword, params, instancePath: at, message } = error;
  switch (keyword) {
    case 'required':
      return { pointer: `${at}/${String(params['missingProperty'])}`, code: 'missing_field', detail: 'is required' };
    case 'additionalProperties': {
      const name = String(params['additionalProperty']);
      const pointer = `${at}/${escapePointerPart(name)}`;
      return { pointer, code: 'unknown_field', detail: 'is not a field of this request' };
    }
    case 'enum': {
      const allowed = (params['allowedValues'] as unknown[]).map((value) => JSON.stringify(value)).join(', ');
      return { pointer: at, code: 'invalid_field', detail: `must be one of ${allowed}` };
    }
    case 'type':
      return { pointer: at, code: 'wrong_type', detail: `must be of type ${String(params['type'])}` };
    default:
      return { pointer: at, code: 'invalid_field', detail: message ?? 'is not valid' };
  }
}
