/**
 * The types of our own client are those of the API that is served: made anew from its `/openapi.json` they are the file that
 * is kept. A field that the API gives up is then an error of the compiler wherever the client used it.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { projectRoot } from '#config/settings';
import { clientTypes } from '#testing/client-types';
import { withoutField } from '#testing/document-edits';
import type { OpenApiDocument } from '#testing/openapi-document';
import { servedDocument } from '#testing/served-document';

const file = path.join(projectRoot(), 'libs', 'client', 'api-types.ts');

it('are those of the API that is served', async () => {
  const served = await servedDocument();
  const kept = await readFile(file, 'utf8');
  expect(kept === (await clientTypes(served, file)), 'they have drifted: npm run client:types').toBe(true);
  const poorer: OpenApiDocument = withoutField(served, ['components', 'schemas', 'Batch', 'properties', 'progress']);
  expect(await clientTypes(poorer, file)).not.toBe(kept);
});
