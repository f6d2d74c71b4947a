/**
 * The promise of the HTTP API, as a comparison of two descriptions of it: a client of the old one works with the new
 * one. What is added is no break.
 *
 * Names of components and ids of operations are not compared: they are not on the wire.
 */
import type { Content, OpenApiDocument, Operation, Parameter, Response } from './openapi-document.js';
import { type Place, schemaChanges } from './schema-changes.js';

interface Documents {
  readonly before: OpenApiDocument;
  readonly after: OpenApiDocument;
}

/** @returns a sentence for each change that breaks a client of `before` */
export function breakingChanges(before: OpenApiDocument, after: OpenApiDocument): string[] {
  return Object.entries(before.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, operation]) => {
      const name = `${method.toUpperCase()} ${path}`;
      const fresh = after.paths[path]?.[method];
      if (fresh === undefined) return [`${name} is gone`];
      return operationChanges(operation, fresh, { before, after }).map((change) => `${name}: ${change}`);
    }),
  );
}

function operationChanges(old: Operation, fresh: Operation, documents: Documents): string[] {
  return [
    ...doorChanges(old, fresh, documents),
    ...parameterChanges(old, fresh, documents),
    ...bodyChanges(old, fresh, documents),
    ...responseChanges(old, fresh, documents),
  ];
}

function doorChanges(old: Operation, fresh: Operation, { before, after }: Documents): string[] {
  const wasOpen = (old.security ?? before.security ?? []).length === 0;
  const isOpen = (fresh.security ?? after.security ?? []).length === 0;
  return wasOpen && !isOpen ? ['it asks for a key now'] : [];
}

function parameterChanges(old: Operation, fresh: Operation, documents: Documents): string[] {
  const known = old.parameters ?? [];
  const parameters = fresh.parameters ?? [];
  const kept = known.flatMap((before) => {
    const after = parameters.find((one) => nameOf(one) === nameOf(before));
    if (after === undefined) return [`the ${nameOf(before)} is gone`];
    const changes = schemaChanges(before.schema ?? {}, after.schema ?? {}, placeOf(documents, 'request'));
    return changes.map((change) => `the ${nameOf(before)}: ${change}`);
  });
  const wasRequired = (name: string): boolean => known.some((one) => nameOf(one) === name && one.required === true);
  const demanded = parameters.filter((one) => one.required === true && !wasRequired(nameOf(one)));
  return [...kept, ...demanded.map((one) => `the ${nameOf(one)} is required now`)];
}

/** Two parameters are the same one by place and name; names of headers have no case. */
function nameOf({ in: where, name }: Parameter): string {
  return where === 'header' ? `header ${name.toLowerCase()}` : `${where} parameter ${name}`;
}

function bodyChanges(old: Operation, fresh: Operation, documents: Documents): string[] {
  const [before, after] = [old.requestBody, fresh.requestBody];
  const demanded = after?.required === true && before?.required !== true ? ['a body is required now'] : [];
  if (before === undefined) return demanded;
  return [
    ...demanded,
    ...contentChanges(before.content, after?.content ?? {}, placeOf(documents, 'request')).map(
      (change) => `in its body, ${change}`,
    ),
  ];
}

function responseChanges(old: Operation, fresh: Operation, documents: Documents): string[] {
  return Object.entries(old.responses).flatMap(([status, before]) => {
    const after = fresh.responses[status];
    if (after === undefined) return [`the answer ${status} is gone`];
    return answerChanges(before, after, documents).map((change) => `in its answer ${status}, ${change}`);
  });
}

function answerChanges(old: Response, fresh: Response, documents: Documents): string[] {
  const headers = Object.keys(fresh.headers ?? {}).map((name) => name.toLowerCase());
  const gone = Object.keys(old.headers ?? {}).filter((name) => !headers.includes(name.toLowerCase()));
  return [
    ...gone.map((name) => `the header ${name} is gone`),
    ...contentChanges(old.content ?? {}, fresh.content ?? {}, placeOf(documents, 'response')),
  ];
}

function contentChanges(old: Content, fresh: Content, place: Place): string[] {
  return Object.entries(old).flatMap(([type, { schema: before = {} }]) => {
    const after = fresh[type];
    if (after === undefined) return [`${type} is gone`];
    return schemaChanges(before, after.schema ?? {}, place).map((change) => `${type}: ${change}`);
  });
}

function placeOf({ before, after }: Documents, direction: Place['direction']): Place {
  return { direction, at: '', before, after, within: [] };
}
