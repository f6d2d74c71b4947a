/**
 * The types of our own client, made from `/openapi.json`: of what the API promises to keep (`promised`), so that a fleet's
 * models are not in them, with the words that describe its resources. A refusal is a problem at every route, and is not told
 * at each.
 */
import openapiTypescript, { astToString } from 'openapi-typescript';
import { format, resolveConfig } from 'prettier';
import { promised } from './api-contract.js';
import type { OpenApiDocument, Operation } from './openapi-document.js';

const HEADER = '/** Made from `/openapi.json` by `npm run client:types`: not edited by hand. */\n';

/** @param file where they will stand: its folder says how they are formatted */
export async function clientTypes(document: OpenApiDocument, file: string): Promise<string> {
  const nodes = await openapiTypescript(JSON.stringify(described(document)), {
    immutable: true,
    emptyObjectsUnknown: true,
    silent: true,
  });
  return format(HEADER + astToString(nodes), { ...(await resolveConfig(file)), parser: 'typescript' });
}

function described(document: OpenApiDocument): object {
  const { openapi, components, ...contract } = promised(document);
  const paths = Object.entries(contract.paths).map(([path, operations]): [string, object] => {
    const accepted = Object.entries(operations).map(
      ([method, operation]) => [method, acceptedOnly(operation)] as const,
    );
    return [path, Object.fromEntries(accepted)];
  });
  const schemas = Object.keys(components.schemas).map((name) => [name, document.components.schemas[name]] as const);
  return {
    openapi,
    info: { title: 'Millrace', version: '1' },
    paths: Object.fromEntries(paths),
    components: { schemas: Object.fromEntries(schemas) },
  };
}

function acceptedOnly({ responses, ...operation }: Operation): Operation {
  const accepted = Object.entries(responses).filter(([status]) => status.startsWith('2'));
  return {
    ...operation,
    responses: Object.fromEntries(accepted.map(([status, { content = {} }]) => [status, { content }])),
  };
}
